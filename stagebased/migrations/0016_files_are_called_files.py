from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('stagebased', '0015_bulk_switches'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='binarycontent',
            options={'ordering': ['id'], 'verbose_name': 'file'},
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('hospitality', '0003_mails_about_feedback'),
    ]

    operations = [
        # Only pages name them otherwise; the tables stay as they are.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name='member',
                    name='comment_notify',
                    field=models.BooleanField(default=False, verbose_name='told of comments'),
                ),
                migrations.AlterField(
                    model_name='member',
                    name='homephone',
                    field=models.CharField(blank=True, max_length=64, verbose_name='home phone'),
                ),
                migrations.AlterField(
                    model_name='member',
                    name='kitchenuse',
                    field=models.BooleanField(default=False, verbose_name='use of the kitchen'),
                ),
                migrations.AlterField(
                    model_name='member',
                    name='lawnspace',
                    field=models.BooleanField(default=False, help_text='Room for a tent.', verbose_name='lawn'),
                ),
                migrations.AlterField(
                    model_name='member',
                    name='mobilephone',
                    field=models.CharField(blank=True, max_length=64, verbose_name='mobile phone'),
                ),
                migrations.AlterField(
                    model_name='member',
                    name='node_notify',
                    field=models.BooleanField(default=False, verbose_name='told of new content'),
                ),
                migrations.AlterField(
                    model_name='member',
                    name='sag',
                    field=models.BooleanField(default=False, help_text='Can come with a car.', verbose_name='pick-up'),
                ),
                migrations.AlterField(
                    model_name='member',
                    name='workphone',
                    field=models.CharField(blank=True, max_length=64, verbose_name='work phone'),
                ),
            ],
        ),
    ]

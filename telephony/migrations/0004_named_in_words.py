from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('telephony', '0003_shared_mailboxes'),
    ]

    operations = [
        # Only pages name them otherwise; the tables stay as they are.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterModelOptions(
                    name='voicemail',
                    options={'ordering': ['id'], 'permissions': [('use_telephony', 'Can use the telephony interface')], 'verbose_name': 'mailbox', 'verbose_name_plural': 'mailboxes'},
                ),
                migrations.AlterField(
                    model_name='telephonyuser',
                    name='agentid',
                    field=models.PositiveBigIntegerField(blank=True, null=True, verbose_name='agent number'),
                ),
                migrations.AlterField(
                    model_name='telephonyuser',
                    name='callerid',
                    field=models.CharField(blank=True, default='', max_length=160, verbose_name='caller ID'),
                ),
                migrations.AlterField(
                    model_name='telephonyuser',
                    name='cti_profile_id',
                    field=models.PositiveBigIntegerField(blank=True, null=True, verbose_name='CTI profile'),
                ),
                migrations.AlterField(
                    model_name='telephonyuser',
                    name='enableclient',
                    field=models.BooleanField(default=False, verbose_name='client enabled'),
                ),
                migrations.AlterField(
                    model_name='telephonyuser',
                    name='entityid',
                    field=models.PositiveBigIntegerField(blank=True, default=1, null=True, verbose_name='entity number'),
                ),
                migrations.AlterField(
                    model_name='telephonyuser',
                    name='firstname',
                    field=models.CharField(blank=True, default='', max_length=128, verbose_name='first name'),
                ),
                migrations.AlterField(
                    model_name='telephonyuser',
                    name='lastname',
                    field=models.CharField(blank=True, default='', max_length=128, verbose_name='last name'),
                ),
                migrations.AlterField(
                    model_name='telephonyuser',
                    name='mobilephonenumber',
                    field=models.CharField(blank=True, default='', max_length=128, verbose_name='mobile number'),
                ),
                migrations.AlterField(
                    model_name='telephonyuser',
                    name='musiconhold',
                    field=models.CharField(blank=True, default='default', max_length=128, verbose_name='music on hold'),
                ),
                migrations.AlterField(
                    model_name='telephonyuser',
                    name='outcallerid',
                    field=models.CharField(blank=True, default='default', max_length=80, verbose_name='outgoing caller ID'),
                ),
                migrations.AlterField(
                    model_name='telephonyuser',
                    name='userfield',
                    field=models.CharField(blank=True, default='', max_length=128, verbose_name='user field'),
                ),
                migrations.AlterField(
                    model_name='voicemail',
                    name='attach',
                    field=models.BooleanField(default=False, help_text='Attach the recording to the e-mail about it.', verbose_name='attach recordings'),
                ),
                migrations.AlterField(
                    model_name='voicemail',
                    name='deleteaftersend',
                    field=models.BooleanField(default=False, help_text='Delete a message once an e-mail with the recording was accepted.', verbose_name='delete once mailed'),
                ),
                migrations.AlterField(
                    model_name='voicemail',
                    name='fullname',
                    field=models.CharField(blank=True, default='', max_length=80, verbose_name='full name'),
                ),
                migrations.AlterField(
                    model_name='voicemail',
                    name='skipcheckpass',
                    field=models.BooleanField(default=False, help_text='The box does not ask for its password.', verbose_name='no password asked'),
                ),
                migrations.AlterField(
                    model_name='voicemailmessage',
                    name='caller_id_name',
                    field=models.CharField(blank=True, default='', max_length=160, verbose_name="caller's name"),
                ),
                migrations.AlterField(
                    model_name='voicemailmessage',
                    name='caller_id_num',
                    field=models.CharField(blank=True, default='', max_length=64, verbose_name="caller's number"),
                ),
            ],
        ),
    ]

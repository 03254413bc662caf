from datetime import timedelta

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone


def give_owners(apps, schema_editor):
    """Until now a delivery's owner was its job's."""
    Delivery, Job = apps.get_model('jobs', 'Delivery'), apps.get_model('jobs', 'Job')
    owner = Job.objects.filter(pk=models.OuterRef('job')).values('user')[:1]
    Delivery.objects.update(user=models.Subquery(owner))


def leave_one_secret(apps, schema_editor):
    """Two first messages at once may have made two secrets; the newest stays."""
    SigningSecret = apps.get_model('jobs', 'SigningSecret')
    seen = set()
    for secret in SigningSecret.objects.filter(retires=None).order_by('-created', '-pk'):
        if secret.user_id in seen:
            secret.retires = timezone.now() + timedelta(days=1)
            secret.save()
        seen.add(secret.user_id)


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0003_limits'),
    ]

    operations = [
        migrations.AddField(
            model_name='delivery',
            name='user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to=settings.AUTH_USER_MODEL),
        ),
        migrations.RunPython(give_owners, migrations.RunPython.noop),
        migrations.RunPython(leave_one_secret, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='delivery',
            name='job',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='delivery', to='jobs.job'),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='status',
            field=models.CharField(choices=[('pending', 'Waiting'), ('delivered', 'Delivered'), ('given_up', 'Given up')], default='pending', max_length=10),
        ),
        migrations.AddField(
            model_name='delivery',
            name='begun',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='attempt',
            name='error_params',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='attempt',
            name='headers',
            field=models.JSONField(blank=True, default=dict),
        ),
    ]

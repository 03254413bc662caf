"""Signs of life of the workers."""

from django.db import models


class Beat(models.Model):
    """One row a queue: when it was last asked for a sign of life, and when one came."""

    queue = models.CharField(max_length=40, primary_key=True)
    asked = models.DateTimeField(null=True)
    seen = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.queue

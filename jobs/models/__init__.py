"""The data: one module for each subject, all names here."""

from jobs.models.account import ApiKey, User
from jobs.models.batch import Batch, batches_of, planned_files
from jobs.models.beat import Beat
from jobs.models.credit import Bucket, Movement, MovementKind, Wallet, WalletKind
from jobs.models.engine import EngineState, Exchange
from jobs.models.job import Job, JobInput, Status, jobs_of
from jobs.models.limit import Claim, Window
from jobs.models.media import Media, MediaKind
from jobs.models.share import Complaint, Share
from jobs.models.webhook import Attempt, Delivery, DeliveryStatus, SigningSecret

__all__ = [
    "ApiKey",
    "Attempt",
    "Batch",
    "Beat",
    "Bucket",
    "Claim",
    "Complaint",
    "Delivery",
    "DeliveryStatus",
    "EngineState",
    "Exchange",
    "Job",
    "JobInput",
    "Media",
    "MediaKind",
    "Movement",
    "MovementKind",
    "Share",
    "SigningSecret",
    "Status",
    "User",
    "Wallet",
    "WalletKind",
    "Window",
    "batches_of",
    "jobs_of",
    "planned_files",
]

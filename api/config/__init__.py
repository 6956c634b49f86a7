"""Settings, and all else that reads or writes the environment."""

from api.config.basics import ROOT, BadSetting
from api.config.loading import load_settings, unknown_settings
from api.config.private import protect, write_privately
from api.config.process import (
    allow_many_files,
    aws_region,
    log_stream,
    log_to,
    metrics_folder,
    overrule,
    return_memory,
    share_metrics,
)
from api.config.secret import signing_secret
from api.config.settings import Settings

__all__ = [
    "ROOT",
    "BadSetting",
    "Settings",
    "allow_many_files",
    "aws_region",
    "load_settings",
    "log_stream",
    "log_to",
    "metrics_folder",
    "overrule",
    "protect",
    "return_memory",
    "share_metrics",
    "signing_secret",
    "unknown_settings",
    "write_privately",
]

"""Hypothesis without deadlines: how long an example takes says how busy the machine is."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "core", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("core")

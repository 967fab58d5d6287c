"""Tests without root, network, broker or sleep."""

import hypothesis

# How long examples take says how busy the machine is, and nothing else.
hypothesis.settings.register_profile(
    'doctor', deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile('doctor')

"""What is known of silent hosts from all sides: several monitors, and
corroborators that are asked.
"""

"""The life of a fault: what is owed because of it, told and corrected."""

"""Congress, which corrects the cloud by rules of its own."""

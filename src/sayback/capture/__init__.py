"""Sound in: microphone or file → Recording."""

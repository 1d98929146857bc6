"""Audio: frames, resampling, voice activity, tones, recording, acoustic features."""

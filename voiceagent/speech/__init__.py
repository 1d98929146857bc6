"""Speech: recognisers and synthesisers, the speech service, turn-taking."""

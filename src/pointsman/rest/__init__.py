"""The REST door: Twilio's resources over HTTP, and a few of our own."""

"""The realtime door: WebSockets that hear of a worker's events, and the remote calls of Twilio's JS SDKs."""

"""The only way out of a room: an HTTP client over two transports, the tape, and scripted clients."""

"""What people read: listings, logs, and how far things are. Everything here answers; nothing here decides."""

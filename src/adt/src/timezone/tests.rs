//! Against answers of a real PostgreSQL 15.

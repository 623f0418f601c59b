//! The store: SQLite, migrations, blobs and the one write path.

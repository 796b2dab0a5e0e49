//! Two pools behind one set of queries. (to be written)

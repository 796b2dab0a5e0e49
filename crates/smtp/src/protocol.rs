//! The server side of the protocol as a pure state machine. (To be written: session, DATA and BDAT readers.)

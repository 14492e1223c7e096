//! The program on two networks at once.

"""Where finished frames are written: one thread, and each kind of file or device."""

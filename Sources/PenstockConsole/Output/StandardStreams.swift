internal import Glibc

/// What every process of this program expects of the three descriptors that it is started with.
enum StandardStreams {
    /// First of all, before anything is opened.
    static func prepare() {
        // A reader that has gone is an error of one write (EPIPE, write(2)): it ends no process that serves others, and
        // no command before it has said what it changed.
        signal(SIGPIPE, SIG_IGN)
        // A database or socket that got one of these numbers would have messages written into it. What was closed stays
        // of no use: it is opened the other way round, so that reading or writing fails as it did (EBADF).
        for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest free number is this one (open(2)).
            _ = open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY)
        }
    }
}

internal import PenstockSystem

extension Socket {
    /// Cuts every connection accepted at `endpoint` and takes connections there again, so that each peer must pass the
    /// verdict anew. This is how an expelled peer loses its connection: libzmq asks the verdict at the handshake only,
    /// and cannot disconnect one peer. Change the verdict first.
    ///
    /// When this returns, new connections face the verdict and old ones are being cut by the I/O thread. libzmq
    /// finishes that within the next calls on this socket, so go on polling or sending. What the expelled peer had
    /// sent before may still be received, under its User-Id: compare that with the roles of the moment.
    ///
    /// Admitted peers come back by themselves within the reconnection interval. What was under way to or from them in
    /// that moment is lost, also where their `send` has answered `sent`.
    ///
    /// Blocks for the moment the I/O thread takes to give the address back, at most `SocketLimits.cycleTimeout`.
    ///
    /// - Parameter endpoint: as `bind` returned it.
    /// - Throws: as `bind`; the endpoint is then not bound and nobody is connected there.
    package func cycle(endpoint: String) throws(TransportError) {
        try unbind(endpoint)
        for _ in 0..<SocketLimits.cycleTimeout {
            do {
                _ = try bind(endpoint)
                return
            } catch  where error.code == .addressInUse {
                // zmq_unbind(3) is asynchronous: the listener is closed by the I/O thread.
                SystemThread.sleep(milliseconds: 1)
            }
        }
        throw TransportError(.addressInUse, "\(endpoint) was unbound, and something else has taken the address since")
    }
}

/// What `init` writes for each role, commented.
extension Founding {
    static let ledgerConfiguration = """
        # penstock ledger --config ledger.yaml
        # Relative paths are meant from this file. PENSTOCK_DATA, PENSTOCK_IDENTITY, … in the environment come first; \
        what they
        # name is meant from the working directory.

        # Folder with the ledger's keys and addresses.
        identity: ledger
        # Folder of the log. One process uses it at a time.
        data: ledger/data
        # Decisions that nodes ship are kept up to this size; with 0, for as much as the disk has: a tenth of it, 64 \
        MiB at
        # most, stays free for the log. What is above stays in the nodes' journals.
        decisions_megabytes: 0
        # Decisions older than so many days, and the oldest ones above so many megabytes, go to the archive: one
        # compressed file a day of JSON lines, which 'penstock audit' reads as before. 0 keeps all of them here.
        decisions_keep_days: 0
        decisions_keep_megabytes: 0
        # The same of the log's events, as C2SP tiles, which the ledger reads as before. Only those below both
        # snapshots of its state go.
        log_keep_days: 0
        log_keep_megabytes: 0
        # Folder of the archive; "" for DATA/archive.
        archive: ""
        # Events after which the ledger writes a snapshot of its state beside the log. A start reads the newest
        # one, and folds the events behind it.
        snapshot_events: 50000
        # Seconds for which a grant, or a join token, is kept in memory after its end. The ledger then says in the
        # log that it is forgotten, and the log alone has it.
        grants_keep_seconds: 604800

        """

    static let enforcerConfiguration = """
        # penstock enforcer --config enforcer.yaml
        # Make the identity first:  penstock node token --role enforcer | penstock node join --dir DIR --name enforcer-1

        # Folder with this node's keys, as 'penstock node join' made it.
        identity: enforcer-1
        # Folder of the decision journal. One process uses it at a time.
        data: enforcer-1/data
        # Unix socket for AuthZEN, holds, health and metrics (mode 0600).
        socket: enforcer-1/enforcer.sock
        # TCP port for the same; 0 opens none.
        port: 0
        # Address that the port listens on. Another than a loopback address needs TLS.
        bind: 127.0.0.1
        # Names, separated by commas, by which clients may ask for that port, besides localhost and loopback addresses.
        host_names: ""
        # PEM files of the certificate that the port shows, with its chain, and of its key. Read again when they change.
        #tls_certificate: door.pem
        #tls_key: door.key
        # Whether clients show a certificate: none, asked or required.
        #tls_clients: asked
        # PEM file of the authorities that clients' certificates lead to. Without it, and without bundles, any is taken:
        # it proves its own key and no name.
        #tls_client_roots: clients.pem
        # DOMAIN=FILE, separated by commas: roots of SPIFFE trust domains, whose SVIDs prove workloads.
        #spiffe_bundles: example.org=example.pem
        # File of the keys by which callers of that port show who they are, a line each: NAME and the SHA-256 of the \
        key.
        # Without it, each question must show its grant's credential.
        caller_keys: ""
        # Types of subjects that callers of the socket, and callers with a key, may name in place of a credential, \
        separated by
        # commas: TYPE or TYPE=KIND, where KIND is agent, run, grant or principal.
        subjects: ""
        # Destination services that this node stands before, separated by commas.
        # A grant that names another audience is refused here.
        audiences: ""
        # Bound of the decision journal on disk. When it is full, calls are denied as unrecordable.
        journal_megabytes: 1024
        # In how many parts, side by side, grants are decided: 1 to 64, by default 8 for each core.
        #shards: 16

        """

    static let mcpConfiguration = """
        # penstock mcp --config mcp.yaml -- COMMAND…
        # The agent's credential comes from the file named here, or by PENSTOCK_CREDENTIAL_FILE.
        #credential_file: credential

        # 'embedded' decides in the gateway's own process, with its own identity and data folder;
        # 'unix:PATH' asks a running enforcer.
        enforcer: unix:enforcer-1/enforcer.sock
        #identity: gateway
        #data: gateway/data
        #audiences: ""

        # Names this MCP server as a resource: mcp_server:NAME.
        server: mcp

        # What tool calls cost: Config/prices.yaml of the project shows how it is written.
        #prices: prices.yaml

        """
}

internal import HTTPTypes
internal import Hummingbird
internal import PenstockCore
internal import PenstockGatekeeper
internal import PenstockJSON

/// Searches, for callers that are trusted to ask about others.
extension DoorResponder {
    func search(_ wanted: EvaluationCodec.Wanted, _ request: Request, _ context: DoorContext) async throws -> Response {
        guard let directory = options.directory else {
            throw EvaluationCodec.Problem(404, "this door has nothing to search in")
        }
        guard context.trust != .none else {
            throw EvaluationCodec.Problem(
                403, "searches are for callers of the Unix socket, and for those that show a key of 'caller_keys'")
        }
        let json = try EvaluationCodec.parse(try await body(request, context, upTo: HTTPLimits.bodyBytes))
        let search = try EvaluationCodec.search(
            json, for: wanted, headers: headers(request, context), hashing: hashing)
        let found = await connections.attend(context.channel) { () -> Result<JSON, EvaluationCodec.Problem> in
            do throws(EvaluationCodec.Problem) {
                let isOfSubjects = search.wanted == .subject
                return .success(
                    try await isOfSubjects ? self.subjects(search, directory) : self.bounds(search, directory))
            } catch {
                return .failure(error)
            }
        }
        return answer(200, try found.get())
    }

    private func subjects(_ search: EvaluationCodec.Search, _ directory: any Directory) async throws(EvaluationCodec
        .Problem) -> JSON
    {
        guard let kind = options.kind(of: search.question.subject.type) else {
            return EvaluationCodec.json(search, [], next: "", patterns: [])
        }
        guard
            let found = await directory.subjects(
                kind, allowed: search.question.call, behind: search.cursor, limit: search.limit)
        else { throw EvaluationCodec.otherSearch }
        return EvaluationCodec.json(search, found.ids, next: found.next, patterns: [])
    }

    /// What the subject's grants name in full, in the order of its bytes; and the patterns among it, which nobody can
    /// list.
    private func bounds(_ search: EvaluationCodec.Search, _ directory: any Directory) async throws(EvaluationCodec
        .Problem) -> JSON
    {
        var granted: [Digest] = []
        if search.question.hasCredential {
            granted = [search.question.call.credential]
        } else if let kind = options.kind(of: search.question.subject.type) {
            guard let all = await directory.credentials(of: kind, search.question.subject.id) else {
                throw Self.tooMuch
            }
            granted = all
        }
        var holders: [ByteText: [Digest]] = [:]
        for credential in granted {
            for written in Self.written(search, directory.bounds(of: credential)) {
                holders[ByteText(written), default: []].append(credential)
            }
        }
        var (ids, patterns, next): ([String], [String], String) = ([], [], "")
        let inOrder = holders.keys.map(\.text).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        for written in inOrder {
            let pattern = Pattern(written)
            guard pattern.isPrefix || search.cursor.utf8.lexicographicallyPrecedes(written.utf8) else { continue }
            guard pattern.isPrefix || ids.count < search.limit else {
                next = ids.last ?? ""
                continue
            }
            let call = Self.asking(search, pattern.text)
            let credentials = holders[ByteText(written)] ?? []
            guard await directory.credential(among: credentials, allowing: call) != nil else { continue }
            if pattern.isPrefix { patterns.append(written) } else { ids.append(written) }
        }
        return EvaluationCodec.json(search, ids, next: next, patterns: patterns)
    }

    private static func written(
        _ search: EvaluationCodec.Search, _ bounds: (actions: [String], resources: [String])?
    ) -> [String] {
        guard let bounds else { return [] }
        guard search.wanted == .resource else { return bounds.actions }
        return bounds.resources.compactMap(ResourcePattern.init)
            .filter { $0.type.matches(search.question.call.resourceType) }.map(\.id.written)
    }

    private static func asking(_ search: EvaluationCodec.Search, _ text: String) -> Call {
        var call = search.question.call
        if search.wanted == .action { call.action = text } else { call.resourceID = text }
        return call
    }
}

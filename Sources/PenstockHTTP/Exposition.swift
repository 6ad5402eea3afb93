package import PenstockGatekeeper

/// Prometheus text format 0.0.4.
package enum Exposition {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Samples of one name stand together under one HELP and TYPE, in the order in which names first came.
    package static func text(_ metrics: [Metric]) -> String {
        var names: [String] = []
        var families: [String: [Metric]] = [:]
        for metric in metrics {
            if families[metric.name] == nil { names.append(metric.name) }
            families[metric.name, default: []].append(metric)
        }
        var text = ""
        for name in names {
            let family = families[name]!
            text +=
                "# HELP \(name) \(escape(family[0].help, quotes: false))\n# TYPE \(name) \(family[0].kind.rawValue)\n"
            for metric in family { text += "\(name)\(labels(metric.labels)) \(number(metric.value))\n" }
        }
        return text
    }

    private static func labels(_ labels: [String: String]) -> String {
        guard !labels.isEmpty else { return "" }
        let pairs = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(escape($0.value, quotes: true))\"" }
        return "{\(pairs.joined(separator: ","))}"
    }

    private static func escape(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map(String.init) ?? "\(value)"
    }
}

internal import Foundation
internal import PenstockNode

/// One cell of a benchmark, as `bench … -o json` prints it.
package struct BenchResult: Encodable, Sendable {
    package struct Floor: Encodable, Sendable {
        package var name: String
        package var p50Ns: Int64
    }

    package var benchmark: String
    package var settings: [String: String]
    package var n: Int
    package var p50Ns: Int64
    package var p99Ns: Int64
    package var p999Ns: Int64
    package var maxNs: Int64
    package var perSecond: Double
    package var floor: Floor?
    /// p50 over the floor's p50.
    package var timesFloor: Double?
    /// Figures that only this benchmark has.
    package var extra: [String: Double]

    /// - Parameter samples: nanoseconds each.
    init(
        _ benchmark: String, settings: [String: String], samples: [Int64], perSecond: Double? = nil,
        floor: Floor? = nil, extra: [String: Double] = [:]
    ) {
        let sorted = samples.sorted()
        func percentile(_ part: Double) -> Int64 {
            sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]
        }
        self.benchmark = benchmark
        self.settings = settings.merging(Machine.facts) { own, _ in own }
        n = sorted.count
        p50Ns = percentile(0.5)
        p99Ns = percentile(0.99)
        p999Ns = percentile(0.999)
        maxNs = sorted.last ?? 0
        let sum = sorted.reduce(0.0) { $0 + Double($1) }
        self.perSecond = perSecond ?? (sum > 0 ? Double(sorted.count) / (sum / 1e9) : 0)
        self.floor = floor
        self.extra = extra
        let p50 = percentile(0.5)
        timesFloor = floor.flatMap { $0.p50Ns > 0 ? Double(p50) / Double($0.p50Ns) : nil }
    }

    package static let heading = [
        "BENCHMARK", "SETTINGS", "N", "P50", "P99", "P99.9", "MAX", "PER SECOND", "FLOOR", "×", "MORE",
    ]

    package var row: [String] {
        let shown = settings.filter { !Machine.facts.keys.contains($0.key) }.sorted { $0.key < $1.key }.map {
            "\($0.key)=\($0.value)"
        }
        return [
            benchmark, shown.joined(separator: " "), "\(n)", Self.time(p50Ns), Self.time(p99Ns), Self.time(p999Ns),
            Self.time(maxNs),
            "\(Int(perSecond))", floor.map { "\($0.name) \(Self.time($0.p50Ns))" } ?? "",
            timesFloor.map { String(format: "%.1f", $0) } ?? "",
            extra.sorted { $0.key < $1.key }.map { "\($0.key)=\(String(format: "%g", $0.value))" }.joined(
                separator: " "),
        ]
    }

    private static func time(_ nanoseconds: Int64) -> String {
        switch nanoseconds {
        case ..<10_000: "\(nanoseconds) ns"
        case ..<10_000_000: String(format: "%.1f µs", Double(nanoseconds) / 1e3)
        default: String(format: "%.1f ms", Double(nanoseconds) / 1e6)
        }
    }
}

/// Where a figure comes from.
package enum Machine {
    package static let facts: [String: String] = {
        let cpu =
            (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n").first {
                $0.hasPrefix("model name")
            }
            .flatMap { $0.split(separator: ":").last }.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
        let kernel =
            (try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8))?.trimmingCharacters(
                in: .whitespacesAndNewlines) ?? ""
        #if DEBUG
            let build = "debug"
        #else
            let build = "release"
        #endif
        return [
            "cpu": cpu, "cores": "\(ProcessInfo.processInfo.activeProcessorCount)", "kernel": kernel, "build": build,
            "commit": PenstockVersion.commit,
        ]
    }()
}

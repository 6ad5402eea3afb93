internal import Glibc
internal import PenstockFuzz

/// libFuzzer calls this with one input after another. `PENSTOCK_FUZZ_TARGET` says which decoder gets them.
@_cdecl("LLVMFuzzerTestOneInput") public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do {
        _ = try target.run([UInt8](UnsafeBufferPointer(start: start, count: count)))
    } catch {
        // A broken law is a crash, so that libFuzzer keeps the input.
        fatalError("broken law of \(target.rawValue): \(error)")
    }
    return 0
}

private let target: FuzzTarget = {
    let name = getenv("PENSTOCK_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
        fatalError("PENSTOCK_FUZZ_TARGET is none of: \(FuzzTarget.allCases.map(\.rawValue).joined(separator: " "))")
    }
    return target
}()

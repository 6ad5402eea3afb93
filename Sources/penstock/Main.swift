internal import PenstockConsole

@main
struct Main {
    static func main() {
        Penstock.start(commit: commit)
    }
}

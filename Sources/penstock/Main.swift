internal import PenstockConsole

@main
struct Main {
    static func main() async {
        await Penstock.start()
    }
}

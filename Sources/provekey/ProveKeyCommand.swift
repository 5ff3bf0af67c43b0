@main
struct ProveKeyCommand {
  static func main() {}
}

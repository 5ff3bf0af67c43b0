public import ArgumentParser
public import ProveKeyModel

// The command line takes these by their own names, as in `--build-config US_UAT`.
extension BuildConfig: ExpressibleByArgument {}

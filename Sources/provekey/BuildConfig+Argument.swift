public import ArgumentParser
public import ProveKeyModel

// The command line takes a build config by its own name, as in `--build-config US_UAT`.
extension BuildConfig: ExpressibleByArgument {}

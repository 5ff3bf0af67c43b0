package import JSONLines

/// Every limit of the registry's shell in one place.
package enum RegistryShellLimits: Sendable {
  /// What one line may hold: a thousand of the longest deviceIds, each byte escaped, and some more.
  package static let line = LineLimits(byteCount: 2_097_152, nesting: 8, valueCount: 10_000)
  /// Devices of ``TrialDevices`` at once.
  package static let devices = 1_000
}

/// A small generator with a fixed seed, so that a failing random sequence can be had again.
///
/// Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014.
struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// Every way in which a value is commonly turned into text.
func printedForms<Value>(of value: Value) -> [String] {
  var dumped = ""
  dump(value, to: &dumped)
  var dumpedInside = ""
  dump([value], to: &dumpedInside)
  let optional: Value? = value
  return [
    "\(value)", String(describing: value), String(reflecting: value), "\([value])",
    String(reflecting: [value]), String(describing: optional), String(reflecting: optional),
    dumped, dumpedInside,
  ]
}

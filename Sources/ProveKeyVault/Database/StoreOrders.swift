import ProveKeySealing

/// The orders that were used lately, within a number and an amount of memory.
struct StoreOrders {
  private var orders: [Locator: (order: StoreOrder, used: UInt64)] = [:]
  private var uses: UInt64 = 0
  private let countLimit: Int
  private let byteLimit: Int

  init(
    count: Int = VaultLimits.databaseOrders, bytes: Int = VaultLimits.databaseOrderByteCount
  ) {
    countLimit = count
    byteLimit = bytes
  }

  /// How many orders are kept.
  var count: Int { orders.count }

  /// The order of a store when it is kept; it counts as used.
  mutating func value(for rows: Locator) -> StoreOrder? {
    guard let order = orders[rows]?.order else { return nil }
    uses += 1
    orders[rows]?.used = uses
    return order
  }

  /// Keeps an order, and forgets those that were not used for longest beyond the limits.
  mutating func insert(_ order: StoreOrder, for rows: Locator) {
    uses += 1
    orders[rows] = (order, uses)
    var bytes = orders.values.reduce(0) { $0 + $1.order.byteCount }
    while orders.count > 1, orders.count > countLimit || bytes > byteLimit,
      let oldest = orders.min(by: { $0.value.used < $1.value.used })
    {
      bytes -= oldest.value.order.byteCount
      orders[oldest.key] = nil
    }
  }

  /// Forgets the order of a store.
  mutating func remove(_ rows: Locator) { orders[rows] = nil }

  /// Forgets everything.
  mutating func removeAll() { orders = [:] }
}

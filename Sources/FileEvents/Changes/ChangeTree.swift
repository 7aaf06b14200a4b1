// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The files that have been touched, and the directories above them: a tree of names as they are now,
/// and of names as they were before. To move a directory is to change one node.
///
/// Names lie in one area of memory, nodes in another. Memory is bounded by `Limits`.
struct ChangeTree {
  struct Limits: Sendable {
    /// 56 bytes each, with their places in the tables.
    var nodes = 1 << 20
    /// Bytes of names.
    var names = 64 << 20
  }

  /// No node.
  static let none = UInt32.max
  static let root: UInt32 = 0

  struct State: OptionSet {
    let rawValue: UInt16

    /// Made by what is traced: it was not there before.
    static let new = State(rawValue: 1 << 0)
    /// It has no name any more.
    static let gone = State(rawValue: 1 << 1)
    static let modified = State(rawValue: 1 << 2)
    /// Its memory can be written to: the only sign of a change.
    static let mapped = State(rawValue: 1 << 3)
    static let attributes = State(rawValue: 1 << 4)
    /// Whether it replaced another file is not known.
    static let unsure = State(rawValue: 1 << 5)
    static let directory = State(rawValue: 1 << 6)
    static let read = State(rawValue: 1 << 7)
    static let executed = State(rawValue: 1 << 8)
    /// This place in memory is free.
    static let free = State(rawValue: 1 << 9)
  }

  struct Name: Equatable {
    fileprivate(set) var offset: UInt32
    fileprivate(set) var count: UInt16
  }

  struct Node {
    /// The directory it is in; of one that is gone, was in last.
    fileprivate(set) var parent: UInt32
    /// Where it was before; none of what was not there.
    fileprivate(set) var oldParent: UInt32
    fileprivate(set) var name: Name
    fileprivate(set) var oldName: Name
    /// The next of the names that one file is known to have: a ring.
    fileprivate(set) var twin: UInt32
    /// How many nodes have it as their parent, and how many had.
    fileprivate(set) var children: UInt32 = 0
    fileprivate var next = ChangeTree.none
    fileprivate var oldNext = ChangeTree.none
    var state: State
  }

  private let limits: Limits
  private var nodes: [Node] = []
  private var names: [UInt8] = []
  /// Bytes of `names` that no node has any more.
  private var unused = 0
  private var firstFree = none
  /// Chains of nodes by the hash of directory and name, as they are and as they were.
  private var places = [UInt32](repeating: none, count: 1024)
  private var oldPlaces = [UInt32](repeating: none, count: 1024)
  private var used = 0
  /// Names are hashed differently in each run: nobody can choose some that collide.
  private let seed = UInt64.random(in: 0...(.max))

  init(limits: Limits = Limits()) {
    self.limits = limits
    let name = Name(offset: 0, count: 0)
    nodes.append(
      Node(
        parent: Self.none, oldParent: Self.none, name: name, oldName: name, twin: 0,
        state: .directory))
    used = 1
  }

  subscript(node: UInt32) -> Node { nodes[Int(node)] }

  /// How many nodes have been made; some of them are free now.
  var count: UInt32 { UInt32(nodes.count) }

  mutating func mark(_ node: UInt32, _ state: State) { nodes[Int(node)].state.formUnion(state) }

  mutating func unmark(_ node: UInt32, _ state: State) { nodes[Int(node)].state.subtract(state) }

  // MARK: Names

  /// The node of a name in a directory now; `none` if there is none.
  func child(_ parent: UInt32, _ name: UnsafeRawBufferPointer) -> UInt32 {
    var node = places[place(parent, name)]
    while node != Self.none {
      let found = nodes[Int(node)]
      if found.parent == parent && isEqual(found.name, name) { return node }
      node = found.next
    }
    return Self.none
  }

  /// The node that had a name in a directory before; none if nothing is known of one.
  func oldChild(_ parent: UInt32, _ name: UnsafeRawBufferPointer) -> UInt32 {
    var node = oldPlaces[place(parent, name)]
    while node != Self.none {
      let found = nodes[Int(node)]
      if found.oldParent == parent && isEqual(found.oldName, name) { return node }
      node = found.oldNext
    }
    return Self.none
  }

  /// Calls the body with the bytes of a name.
  func withBytes<Result>(of name: Name, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    let (start, end) = (Int(name.offset), Int(name.offset) + Int(name.count))
    return names.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
  }

  private func isEqual(_ name: Name, _ bytes: UnsafeRawBufferPointer) -> Bool {
    guard Int(name.count) == bytes.count, let other = bytes.baseAddress else { return false }
    return names.withUnsafeBytes { names in
      names.baseAddress.map { memcmp($0 + Int(name.offset), other, bytes.count) == 0 } ?? false
    }
  }

  private func place(_ parent: UInt32, _ name: UnsafeRawBufferPointer) -> Int {
    var hash = seed ^ UInt64(parent)
    var offset = 0
    while offset < name.count {
      hash = (hash ^ UInt64(name[offset])) &* 0x100_0000_01b3
      offset += 1
    }
    return Int(truncatingIfNeeded: hash ^ hash >> 32) & (places.count - 1)
  }

  private func place(_ parent: UInt32, _ name: Name) -> Int {
    withBytes(of: name) { place(parent, $0) }
  }

  /// Whether a node is a directory, or below it.
  func contains(_ node: UInt32, in directory: UInt32) -> Bool {
    var node = node
    while node != directory {
      if node == Self.root { return false }
      node = nodes[Int(node)].parent
    }
    return true
  }

  // MARK: Changes of the tree

  /// A node of a name that no other one has now; nil if there is no memory.
  /// - Parameter wasThere: before what is traced, as far as is known.
  mutating func make(
    _ parent: UInt32, _ name: UnsafeRawBufferPointer, _ state: State, wasThere: Bool
  ) -> UInt32? {
    if used == places.count { growTables() }
    guard let name = keep(name), let node = freePlace() else { return nil }
    let isOld = wasThere && !nodes[Int(parent)].state.contains(.new)
    nodes[Int(node)] = Node(
      parent: Self.none, oldParent: isOld ? parent : Self.none, name: name, oldName: name,
      twin: node, state: state)
    used += 1
    attach(node, to: parent, name)
    if isOld {
      let place = place(parent, name)
      nodes[Int(node)].oldNext = oldPlaces[place]
      oldPlaces[place] = node
      nodes[Int(parent)].children += 1
    }
    return node
  }

  /// Gives a node another name; false if there is no memory.
  mutating func move(_ node: UInt32, to parent: UInt32, _ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let name = keep(bytes) else { return false }
    release(nodes[Int(node)].name, of: node)
    detach(node)
    attach(node, to: parent, name)
    return true
  }

  /// Two nodes change places.
  mutating func exchange(_ one: UInt32, _ other: UInt32) {
    let (first, second) = (nodes[Int(one)], nodes[Int(other)])
    detach(one)
    detach(other)
    attach(one, to: second.parent, second.name)
    attach(other, to: first.parent, first.name)
  }

  /// The name of a node is gone. What was made and is gone again leaves nothing.
  mutating func remove(_ node: UInt32) {
    leaveTwins(node)
    detach(node, isGone: true)
    nodes[Int(node)].state.insert(.gone)
    if nodes[Int(node)].state.contains(.new) { free(node) }
  }

  private mutating func free(_ node: UInt32) {
    let found = nodes[Int(node)]
    if found.children > 0 || found.oldParent != Self.none { return }
    unused += Int(found.name.count)
    nodes[Int(found.parent)].children -= 1
    nodes[Int(node)].state = .free
    nodes[Int(node)].next = firstFree
    firstFree = node
    used -= 1
  }

  private mutating func attach(_ node: UInt32, to parent: UInt32, _ name: Name) {
    let place = place(parent, name)
    nodes[Int(node)].parent = parent
    nodes[Int(node)].name = name
    nodes[Int(node)].next = places[place]
    places[place] = node
    nodes[Int(parent)].children += 1
  }

  /// - Parameter isGone: it keeps the directory it was in.
  private mutating func detach(_ node: UInt32, isGone: Bool = false) {
    let found = nodes[Int(node)]
    let place = place(found.parent, found.name)
    if places[place] == node {
      places[place] = found.next
    } else {
      var before = places[place]
      while before != Self.none && nodes[Int(before)].next != node {
        before = nodes[Int(before)].next
      }
      if before != Self.none { nodes[Int(before)].next = found.next }
    }
    if !isGone { nodes[Int(found.parent)].children -= 1 }
  }

  /// Two names are of one file.
  mutating func join(_ one: UInt32, _ other: UInt32) {
    let next = nodes[Int(one)].twin
    nodes[Int(one)].twin = nodes[Int(other)].twin
    nodes[Int(other)].twin = next
  }

  private mutating func leaveTwins(_ node: UInt32) {
    var before = node
    while nodes[Int(before)].twin != node { before = nodes[Int(before)].twin }
    nodes[Int(before)].twin = nodes[Int(node)].twin
    nodes[Int(node)].twin = node
  }

  // MARK: Memory

  private mutating func freePlace() -> UInt32? {
    if firstFree != Self.none {
      let node = firstFree
      firstFree = nodes[Int(node)].next
      return node
    }
    if nodes.count >= limits.nodes { return nil }
    nodes.append(nodes[0])
    nodes[nodes.count - 1].state = .free
    return UInt32(nodes.count - 1)
  }

  private mutating func keep(_ bytes: UnsafeRawBufferPointer) -> Name? {
    if names.count + bytes.count > limits.names {
      if unused < limits.names / 4 { return nil }
      compact()
    }
    let name = Name(offset: UInt32(names.count), count: UInt16(bytes.count))
    names.append(contentsOf: bytes)
    return name
  }

  private mutating func release(_ name: Name, of node: UInt32) {
    if nodes[Int(node)].oldParent == Self.none || nodes[Int(node)].oldName != name {
      unused += Int(name.count)
    }
  }

  /// The names in use, one after the other.
  private mutating func compact() {
    var kept: [UInt8] = []
    kept.reserveCapacity(names.count - unused)
    func keep(_ name: Name) -> Name {
      let moved = Name(offset: UInt32(kept.count), count: name.count)
      kept += names[Int(name.offset)..<(Int(name.offset) + Int(name.count))]
      return moved
    }
    for index in nodes.indices where !nodes[index].state.contains(.free) {
      let node = nodes[index]
      nodes[index].name = keep(node.name)
      nodes[index].oldName = node.oldName == node.name ? nodes[index].name : keep(node.oldName)
    }
    names = kept
    unused = 0
  }

  private mutating func growTables() {
    places = [UInt32](repeating: Self.none, count: 2 * places.count)
    oldPlaces = places
    for index in nodes.indices.dropFirst() where !nodes[index].state.contains(.free) {
      let node = nodes[index]
      if !node.state.contains(.gone) && node.parent != Self.none {
        let place = place(node.parent, node.name)
        nodes[index].next = places[place]
        places[place] = UInt32(index)
      }
      if node.oldParent != Self.none {
        let place = place(node.oldParent, node.oldName)
        nodes[index].oldNext = oldPlaces[place]
        oldPlaces[place] = UInt32(index)
      }
    }
  }
}

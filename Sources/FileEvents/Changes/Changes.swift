// SPDX-License-Identifier: Apache-2.0

/// What remains of all changes: what each name is now, and what it was before.
///
/// It is fed with calls in the order in which they ended. A file that was there before has one
/// fate: it is where it was, perhaps with other content or attributes, it was moved, or it is gone.
struct Changes {
  private(set) var tree: ChangeTree
  /// Files that were made and are gone again.
  private(set) var temporary: UInt64 = 0
  /// Changes that there was no memory for, or whose path is not known.
  private(set) var missed: UInt64 = 0
  /// Names that were looked up in vain.
  private(set) var missing: PathSet

  /// Whether a change of this path is wanted; what is gone again is counted by it, too.
  let isListed: ([UInt8]) -> Bool

  init(
    limits: ChangeTree.Limits = ChangeTree.Limits(),
    isListed: @escaping ([UInt8]) -> Bool = { _ in true }
  ) {
    self.isListed = isListed
    tree = ChangeTree(limits: limits)
    missing = PathSet(limit: limits.names)
  }

  /// Whether a file was at the second name of a rename.
  enum Target {
    case none
    case there
    case unknown
  }

  typealias Path = UnsafeRawBufferPointer

  mutating func miss() { missed &+= 1 }

  // MARK: Operations

  mutating func create(_ path: Path, isDirectory: Bool = false) {
    guard let (parent, name) = split(path) else { return miss() }
    let there = tree.child(parent, name)
    // Another process has removed it.
    if there != ChangeTree.none { removeName(there) }
    let state: ChangeTree.State = isDirectory ? [.new, .directory] : .new
    if tree.make(parent, name, state, wasThere: false) == nil { miss() }
  }

  mutating func delete(_ path: Path) {
    guard let node = find(path), node != ChangeTree.root else { return miss() }
    removeName(node)
  }

  /// Marks all names of a file.
  mutating func mark(_ path: Path, _ state: ChangeTree.State) {
    guard let first = find(path) else { return miss() }
    var node = first
    repeat {
      tree.mark(node, state)
      node = tree[node].twin
    } while node != first
  }

  /// Marks a file that was there before.
  mutating func use(_ path: Path, _ state: ChangeTree.State) {
    guard let node = find(path) else { return miss() }
    if !tree[node].state.contains(.new) { tree.mark(node, state) }
  }

  /// A name that is not there, and that nothing is known of.
  mutating func lookInVain(_ path: Path) {
    var node = ChangeTree.root
    var rest = PathComponents(path)
    while let name = rest.next() {
      let child = tree.child(node, name)
      if child == ChangeTree.none {
        if tree[node].state.contains(.new) || tree.oldChild(node, name) != ChangeTree.none {
          return
        }
        break
      }
      node = child
      if rest.isEmpty { return }
    }
    if !missing.insert(path) { miss() }
  }

  mutating func link(_ path: Path, to newPath: Path) {
    create(newPath)
    guard let old = find(path), let new = find(newPath), old != new else { return }
    tree.join(old, new)
  }

  mutating func rename(_ path: Path, to newPath: Path, target: Target, isDirectory: Bool) {
    guard let node = find(path), node != ChangeTree.root, let (parent, name) = split(newPath) else {
      return miss()
    }
    if tree.contains(parent, in: node) { return miss() }
    if isDirectory { tree.mark(node, .directory) }
    tree.unmark(node, .unsure)
    var there = tree.child(parent, name)
    if there == node { return }
    if there == ChangeTree.none { there = replaced(parent, name, target, by: node) }
    if there != ChangeTree.none { removeName(there) }
    if !tree.move(node, to: parent, name) { miss() }
  }

  mutating func exchange(
    _ path: Path, with newPath: Path, isDirectory: Bool, isOtherDirectory: Bool
  ) {
    guard let one = find(path), let other = find(newPath), one != other,
      !tree.contains(one, in: other), !tree.contains(other, in: one)
    else { return miss() }
    if isDirectory { tree.mark(one, .directory) }
    if isOtherDirectory { tree.mark(other, .directory) }
    tree.exchange(one, other)
  }

  /// The node of a file that a rename replaces, and that nothing was known of.
  private mutating func replaced(
    _ parent: UInt32, _ name: Path, _ target: Target, by node: UInt32
  ) -> UInt32 {
    switch target {
    case .none: return ChangeTree.none
    case .unknown:
      let isKnown =
        tree[parent].state.contains(.new) || tree.oldChild(parent, name) != ChangeTree.none
      if !isKnown && !tree[node].state.contains(.directory) { tree.mark(node, .unsure) }
      return ChangeTree.none
    case .there: return make(parent, name) ?? ChangeTree.none
    }
  }

  private mutating func removeName(_ node: UInt32) {
    if tree[node].state.contains(.new) && isListed(path(node)) { temporary &+= 1 }
    tree.remove(node)
  }

  // MARK: Paths

  /// The node of a path as it is now, made if nothing was known of it; nil without memory, or path.
  private mutating func find(_ path: Path) -> UInt32? {
    var node = ChangeTree.root
    var rest = PathComponents(path)
    guard rest.isAbsolute else { return nil }
    while let name = rest.next() {
      let child = tree.child(node, name)
      guard let next = child != ChangeTree.none ? child : make(node, name) else { return nil }
      node = next
    }
    return node
  }

  /// A file that nothing was known of: it was there before, unless another one was.
  private mutating func make(_ parent: UInt32, _ name: Path) -> UInt32? {
    let wasThere = tree.oldChild(parent, name) == ChangeTree.none
    return tree.make(parent, name, [], wasThere: wasThere)
  }

  /// The directory of a path, and the name in it.
  private mutating func split(_ path: Path) -> (UInt32, Path)? {
    guard let last = path.lastSlash, last + 1 < path.count,
      let parent = find(Path(rebasing: path[..<(last + 1)]))
    else { return nil }
    return (parent, Path(rebasing: path[(last + 1)...]))
  }
}

/// The components of an absolute path, one after the other.
struct PathComponents {
  private var rest: UnsafeRawBufferPointer
  let isAbsolute: Bool

  init(_ path: UnsafeRawBufferPointer) {
    rest = path
    isAbsolute = !path.isEmpty && path[0] == UInt8(ascii: "/")
    skipSlashes()
  }

  var isEmpty: Bool { rest.isEmpty }

  mutating func next() -> UnsafeRawBufferPointer? {
    if rest.isEmpty { return nil }
    let end = rest.offset(of: UInt8(ascii: "/")) ?? rest.count
    let component = UnsafeRawBufferPointer(rebasing: rest[..<end])
    rest = UnsafeRawBufferPointer(rebasing: rest[end...])
    skipSlashes()
    return component
  }

  private mutating func skipSlashes() {
    var start = 0
    while start < rest.count && rest[start] == UInt8(ascii: "/") { start += 1 }
    rest = UnsafeRawBufferPointer(rebasing: rest[start...])
  }
}

extension UnsafeRawBufferPointer {
  fileprivate var lastSlash: Int? {
    var index = count - 1
    while index >= 0 && self[index] != UInt8(ascii: "/") { index -= 1 }
    return index < 0 ? nil : index
  }
}

/// Paths, each once, in bounded memory.
struct PathSet {
  private let limit: Int
  private var bytes = 0
  private(set) var paths: Set<[UInt8]> = []

  init(limit: Int) { self.limit = limit }

  /// False if there is no memory.
  mutating func insert(_ path: UnsafeRawBufferPointer) -> Bool {
    let path = Array(path)
    if paths.contains(path) { return true }
    if bytes + path.count > limit { return false }
    bytes += path.count
    paths.insert(path)
    return true
  }
}

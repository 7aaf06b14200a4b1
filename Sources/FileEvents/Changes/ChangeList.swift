// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What has become of a file, or what it was used for.
struct Change {
  /// In this order, if they are of one path.
  enum Kind: Int, CaseIterable {
    case created, modified, deleted, moved, attributes
    case read, executed, missing

    var word: StaticString {
      switch self {
      case .created: "created"
      case .modified: "modified"
      case .deleted: "deleted"
      case .moved: "moved"
      case .attributes: "attributes"
      case .read: "read"
      case .executed: "executed"
      case .missing: "missing"
      }
    }

    var isInput: Bool { rawValue >= Kind.read.rawValue }
  }

  var kind: Kind
  var path: [UInt8]
  /// Where it was moved to.
  var newPath: [UInt8] = []
  var isLikely = false
}

extension Changes {
  /// All changes and uses, sorted by their paths. It allocates.
  func list() -> [Change] {
    var changes: [Change] = []
    for node in 1..<max(1, tree.count) where !tree[node].state.contains(.free) {
      appendChanges(of: node, to: &changes)
      appendUse(of: node, to: &changes)
    }
    for path in missing.paths { changes.append(Change(kind: .missing, path: path)) }
    changes.sort { one, other in
      one.path == other.path
        ? one.kind.rawValue < other.kind.rawValue
        : one.path.lexicographicallyPrecedes(other.path)
    }
    return changes
  }

  private func appendChanges(of node: UInt32, to changes: inout [Change]) {
    let state = tree[node].state
    if isGone(node) {
      if state.contains(.new) { return }
      let old = oldPath(node)
      if !isModified(old) { changes.append(Change(kind: .deleted, path: old)) }
      return
    }
    let path = path(node)
    let isSure = !state.contains(.unsure)
    if state.contains(.new) {
      let kind: Change.Kind = hasReplaced(path) ? .modified : .created
      changes.append(Change(kind: kind, path: path, isLikely: !isSure))
    } else if isInPlace(node) || oldPath(node) == path {
      appendMarks(of: node, path, to: &changes)
    } else {
      changes.append(
        Change(kind: .moved, path: oldPath(node), newPath: path, isLikely: !isSure))
      if !state.contains(.directory) && hasReplaced(path) {
        changes.append(Change(kind: .modified, path: path))
      } else {
        appendMarks(of: node, path, to: &changes)
      }
    }
  }

  /// Whether another file has taken the place of one that is gone, and is listed as modified.
  private func isModified(_ path: [UInt8]) -> Bool {
    guard let node = present(path) else { return false }
    let state = tree[node].state
    if state.contains(.new) { return true }
    return !state.contains(.directory) && !isInPlace(node) && oldPath(node) != path
  }

  private func appendMarks(of node: UInt32, _ path: [UInt8], to changes: inout [Change]) {
    let state = tree[node].state
    if state.contains(.modified) {
      changes.append(Change(kind: .modified, path: path))
    } else if state.contains(.mapped) {
      changes.append(Change(kind: .modified, path: path, isLikely: true))
    } else if state.contains(.attributes) {
      changes.append(Change(kind: .attributes, path: path))
    }
  }

  private func appendUse(of node: UInt32, to changes: inout [Change]) {
    let state = tree[node].state
    if state.isDisjoint(with: [.read, .executed]) { return }
    let kind: Change.Kind = state.contains(.executed) ? .executed : .read
    changes.append(Change(kind: kind, path: oldPath(node)))
  }

  // MARK: Before and now

  /// It has no name, or was in a directory that has none.
  private func isGone(_ node: UInt32) -> Bool {
    var node = node
    while node != ChangeTree.root {
      if tree[node].state.contains(.gone) { return true }
      node = tree[node].parent
    }
    return false
  }

  /// It has the name in the directory that it had before, wherever that is.
  private func isInPlace(_ node: UInt32) -> Bool {
    let found = tree[node]
    if found.oldParent == ChangeTree.none { return true }
    return found.parent == found.oldParent && bytes(found.name) == bytes(found.oldName)
  }

  private func bytes(_ name: ChangeTree.Name) -> [UInt8] { tree.withBytes(of: name) { Array($0) } }

  func path(_ node: UInt32) -> [UInt8] {
    joined(node) { ($0.parent, $0.name) }
  }

  /// Where it was before; of what nothing is known of before, where it is.
  private func oldPath(_ node: UInt32) -> [UInt8] {
    joined(node) {
      $0.oldParent == ChangeTree.none ? ($0.parent, $0.name) : ($0.oldParent, $0.oldName)
    }
  }

  private func joined(
    _ node: UInt32, _ step: (ChangeTree.Node) -> (UInt32, ChangeTree.Name)
  ) -> [UInt8] {
    if node == ChangeTree.root { return [UInt8(ascii: "/")] }
    var names: [ChangeTree.Name] = []
    var node = node
    while node != ChangeTree.root {
      let (parent, name) = step(tree[node])
      names.append(name)
      node = parent
    }
    var path: [UInt8] = []
    for name in names.reversed() {
      path.append(UInt8(ascii: "/"))
      tree.withBytes(of: name) { path.append(contentsOf: $0) }
    }
    return path
  }

  /// What is at a path now.
  private func present(_ path: [UInt8]) -> UInt32? { walk(path) { tree.child($0, $1) } }

  /// Whether the file that was at a path before is gone.
  private func hasReplaced(_ path: [UInt8]) -> Bool {
    walk(path) { tree.oldChild($0, $1) }.map(isGone) ?? false
  }

  private func walk(
    _ path: [UInt8], _ step: (UInt32, UnsafeRawBufferPointer) -> UInt32
  ) -> UInt32? {
    path.withUnsafeBytes { path in
      var components = PathComponents(path)
      var node = ChangeTree.root
      while let name = components.next() {
        node = step(node, name)
        if node == ChangeTree.none { return nil }
      }
      return node
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Installing")
struct InstallTests {
  private static let files: Set = [
    "sbin/bfatrace", "share/man/man8/bfatrace.8",
    "share/bash-completion/completions/bfatrace", "share/zsh/site-functions/_bfatrace",
    "share/fish/vendor_completions.d/bfatrace.fish", "share/bfatrace/bfatrace.logrotate",
    "lib/systemd/system/bfatrace.service", "lib/systemd/system/bfatrace@.service",
  ]
  private static let fatraceFiles: Set = [
    "sbin/fatrace", "share/man/man8/fatrace.8",
    "share/bash-completion/completions/fatrace", "share/zsh/site-functions/_fatrace",
    "share/fish/vendor_completions.d/fatrace.fish",
  ]

  /// Runs make with the program that the tests run, so that nothing is built.
  private func make(_ words: String...) throws {
    let ended = try run(
      "/usr/bin/env", ["make", "-s", "-C", Built.root, "BINARY=\(Built.bfatrace)"] + words)
    try #require(ended.status == 0, "make \(words): \(ended.text)\(ended.errors)")
  }

  /// The files below a directory, without directories.
  private func files(below directory: String) throws -> Set<String> {
    let found = try run("/usr/bin/env", ["find", directory, "!", "-type", "d", "-printf", "%P\n"])
    return Set(found.text.split(separator: "\n").map(String.init))
  }

  @Test(
    "puts all files below DESTDIR and PREFIX; uninstalling leaves nothing",
    arguments: [false, true])
  func install(asFatrace: Bool) throws {
    try Scratch.directory { root in
      let variables = ["DESTDIR=\(root)", "PREFIX=/opt/x", asFatrace ? "FATRACE=1" : "FATRACE="]
      try make("install", variables[0], variables[1], variables[2])
      let wanted = asFatrace ? Self.files.union(Self.fatraceFiles) : Self.files
      #expect(try files(below: "\(root)/opt/x") == wanted)
      #expect(try files(below: root) == Set(wanted.map { "opt/x/\($0)" }))
      for name in asFatrace ? ["bfatrace", "fatrace"] : ["bfatrace"] {
        let ended = try run("\(root)/opt/x/sbin/\(name)", ["--help"])
        #expect(ended.status == 0 && ended.errors.isEmpty, "\(ended)")
      }
      // Install again, over the files that are there.
      try make("install", variables[0], variables[1], variables[2])
      try make("uninstall", variables[0], variables[1])
      #expect(try files(below: root).isEmpty)
    }
  }

  @Test("uninstalling leaves another program's fatrace and its manual")
  func otherFatrace() throws {
    try Scratch.directory { root in
      try make("install", "DESTDIR=\(root)", "PREFIX=")
      for file in Self.fatraceFiles {
        let directory = "\(root)/\(file)".split(separator: "/").dropLast().joined(separator: "/")
        try FileManager.default.createDirectory(
          atPath: "/\(directory)", withIntermediateDirectories: true)
        try Calls.write("\(root)/\(file)")
      }
      try make("uninstall", "DESTDIR=\(root)", "PREFIX=")
      #expect(try files(below: root) == Self.fatraceFiles)
    }
  }

  @Test(
    "the Debian package is installed, runs, and is removed without leaving anything",
    .needsNamespaces, .enabled(if: hasDpkg, "needs dpkg-deb and dpkg-shlibdeps"))
  func debianPackage() throws {
    try Scratch.directory { directory in
      try make("deb", "DEB=\(directory)")
      let names = try files(below: directory)
      let package = try #require(names.count == 1 ? names.first : nil, "\(names)")
      let architecture = try run("/usr/bin/dpkg", ["--print-architecture"]).text
      #expect(package.hasSuffix("_\(architecture.trimmingCharacters(in: .newlines)).deb"))
      let ended = try inCopyOfTheSystem(
        """
        ! dpkg --status bfatrace > /dev/null 2>&1 || dpkg --purge bfatrace
        find /etc /usr | sort > /tmp/before
        dpkg --install /tmp/package.deb
        ! dpkg --listfiles bfatrace | grep -x /usr/sbin/fatrace
        [ "$(command -v bfatrace)" = /usr/sbin/bfatrace ]
        bfatrace --check
        bfatrace -f W -o /tmp/trace -- sh -c ': > /tmp/file'
        grep '^sh(.*): .*W.*/tmp/file$' /tmp/trace
        dpkg --verify bfatrace
        dpkg --remove bfatrace
        find /etc /usr | sort > /tmp/after
        diff /tmp/before /tmp/after
        dpkg --audit
        """, with: "\(directory)/\(package)")
      #expect(ended.status == 0, "\(ended.text)\(ended.errors)")
    }
  }

  @Test(
    "lintian finds no error in the Debian package",
    .enabled(if: hasDpkg && hasLintian, "needs dpkg-deb, dpkg-shlibdeps and lintian"))
  func lintian() throws {
    try Scratch.directory { directory in
      try make("deb", "DEB=\(directory)/new")
      let package = try #require(try files(below: "\(directory)/new").first)
      // A build for tests finds Swift's libraries by an rpath, which lintian takes for an error.
      let ended = try run(
        "/usr/bin/env",
        [
          "lintian", "--allow-root", "--fail-on", "error", "--suppress-tags",
          "custom-library-search-path", "\(directory)/new/\(package)",
        ])
      #expect(ended.status == 0, "\(ended.text)\(ended.errors)")
    }
  }

  /// Runs a script in a copy of this system with /tmp/package.deb; what it writes is forgotten.
  private func inCopyOfTheSystem(_ script: String, with package: String) throws -> Ended {
    // The copy is in memory: an overlay cannot have its upper directory below its lower one.
    let prepare = """
      mount -t tmpfs none /mnt
      mkdir /mnt/new /mnt/work /mnt/root
      mount -t overlay -o lowerdir=/,upperdir=/mnt/new,workdir=/mnt/work none /mnt/root
      for place in /dev /proc /sys; do mount --rbind $place /mnt/root$place; done
      cp "$2" /mnt/root/tmp/package.deb
      PATH=/usr/sbin:/usr/bin:/sbin:/bin exec chroot /mnt/root /bin/sh -ec "$1"
      """
    return try run(
      "/usr/bin/unshare", ["--mount", "/bin/sh", "-ec", prepare, "sh", script, package])
  }
}

private let hasLintian = (try? shell("command -v lintian"))?.status == 0
private let hasDpkg =
  (try? shell("command -v dpkg-deb && command -v dpkg-shlibdeps"))?.status == 0

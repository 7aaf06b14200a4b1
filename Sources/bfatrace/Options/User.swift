// SPDX-License-Identifier: Apache-2.0
import CBfatrace
import Glibc

/// An entry of passwd(5).
struct User {
  let name: String
  let home: String
  let shell: String
  let uid: uid_t
  let gid: gid_t

  init(_ entry: passwd) {
    name = String(cString: entry.pw_name)
    home = String(cString: entry.pw_dir)
    let shell = String(cString: entry.pw_shell)
    self.shell = shell.isEmpty ? "/bin/sh" : shell
    uid = entry.pw_uid
    gid = entry.pw_gid
  }

  /// The entry is valid during the call only.
  func withEntry<Result>(_ body: (UnsafePointer<bfa_user>) -> Result) -> Result {
    name.withCString { name in
      home.withCString { home in
        shell.withCString { shell in
          var user = bfa_user(name: name, home: home, shell: shell, uid: uid, gid: gid)
          return body(&user)
        }
      }
    }
  }
}

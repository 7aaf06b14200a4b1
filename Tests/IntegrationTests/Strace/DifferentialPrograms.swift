// SPDX-License-Identifier: Apache-2.0
import Testing

/// A real program at work: a shell script that is traced as a whole, in an empty directory.
struct TracedProgram: CustomTestStringConvertible, Sendable {
  let name: String
  /// How many calls on files must be compared at least, so that the test cannot pass empty.
  let leastCalls: Int
  /// Calls that the program must make.
  var calls: [String] = []
  var interpreter = "sh"
  /// The shell commands that run before, untraced.
  var preparation = ":"
  let script: String

  var testDescription: String { name }

  /// An environment without settings of the user or the machine. `PYTHON` is the interpreter
  /// itself: a wrapper that chooses one would make most of the calls.
  static func environment(home: String) throws -> [String: String] {
    let python = try shell("python3 -c 'import sys; print(sys.executable)'").text
    return [
      "PYTHON": python.trimmingCharacters(in: .whitespacesAndNewlines),
      "HOME": home, "LC_ALL": "C.UTF-8", "TMPDIR": home,
      "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
      "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
      "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org",
    ]
  }

  static let all = [
    compiler, git, tar, sqlite, find, redirections, bash, vectors, threads, renames, signals,
  ]
}

extension TracedProgram {
  static let compiler = TracedProgram(
    name: "a compiler, assembler, archiver and linker", leastCalls: 600,
    preparation: #"""
      echo 'int b(void);' > b.h
      printf '#include <stdlib.h>\n#include "b.h"\nint b(void) { return atoi("4"); }\n' > b.c
      printf '#include <stdio.h>\n#include "b.h"\nint main(void) { return b() - 4; }\n' > a.c
      """#,
    script: """
      set -e
      gcc -O1 -c a.c
      gcc -save-temps -c b.c
      ar rcs b.a b.o
      gcc -pipe -o program a.o b.a
      ./program
      ! gcc nothing.c
      """)

  static let git = TracedProgram(
    name: "git", leastCalls: 3000,
    preparation: #"""
      mkdir -p work/a
      for i in 1 2 3 4 5 6 7 8 9; do echo "file $i" > work/a/f$i; done
      """#,
    script: """
      set -e
      cd work
      git init -q -b main
      git add .
      git commit -q -m one
      git checkout -q -b side
      echo more >> a/f1
      git mv a/f2 a/g2
      git commit -q -a -m two
      git checkout -q main
      echo other >> a/f3
      git commit -q -a -m three
      git merge -q -m merged side
      git log --stat
      git grep -n file
      git gc -q
      git fsck
      git clone -q --no-local . ../copy
      git -C ../copy diff HEAD~1
      git status
      ! git rev-parse nothing
      """)

  static let tar = TracedProgram(
    name: "tar with gzip", leastCalls: 500,
    preparation: #"""
      mkdir -p in/directory
      for i in 1 2 3 4 5 6; do seq $i 20000 > in/directory/f$i; done
      ln -s f1 in/directory/symlink
      ln in/directory/f2 in/hardlink
      touch "in/two
      lines" "$(printf 'in/no UTF-8 \377')"
      """#,
    script: """
      set -e
      mkdir out
      tar czf a.tar.gz in
      tar xzf a.tar.gz -C out
      tar tf a.tar.gz
      tar cf b.tar in
      tar rf b.tar a.tar.gz
      tar xOf b.tar in/directory/f1 | wc -l
      gzip -dc a.tar.gz | tar t
      """)

  static let sqlite = TracedProgram(
    name: "python with sqlite, with a journal and with a write-ahead log", leastCalls: 500,
    script: """
      "$PYTHON" - <<'END'
      import os, sqlite3
      for mode in 'delete', 'truncate', 'wal':
          base = sqlite3.connect(mode + '.db')
          base.execute('pragma journal_mode=' + mode)
          base.execute('create table t(a)')
          with base:
              base.executemany('insert into t values(?)', [(os.urandom(900),)] * 200)
          with base:
              base.execute('delete from t where rowid % 2')
          print(base.execute('select count(*) from t').fetchall())
          base.execute('vacuum')
          base.close()
      END
      """)

  static let find = TracedProgram(
    name: "find with xargs and grep", leastCalls: 500,
    preparation: #"""
      mkdir -p tree/a/b
      for i in 1 2 3 4 5 6 7 8 9; do
        echo "x $i" > "tree/a/f $i"
        echo y > "tree/a/b/g
      $i"
      done
      """#,
    script: """
      set -e
      find tree -type f -print0 | xargs -0 grep -n x
      find tree -type f -print0 | xargs -0 -n 3 -P 2 grep -c y || :
      find tree -name 'f*' -exec wc {} +
      find tree -name 'g*' -delete
      """)
}

extension TracedProgram {
  static let redirections = TracedProgram(
    name: "a shell with redirections", leastCalls: 400,
    script: #"""
      set -e
      echo one > file
      echo two >> file
      exec 3<> file
      read -r line <&3
      echo "$line" >&3
      cat <&3 > copy 2>&1
      exec 3>&- 4< copy
      cat <<END | sort | tee sorted >> sorted-too
      $line
      here
      END
      (cd / && cat -) <&4 > "quoted \"name\"
      in two lines"
      (echo out; echo err >&2) > both 2>&1
      ! cat nothing 'no such > file, 3' ../file 2> errors
      { cat; echo; } < file > braces
      for name in a b c; do echo $name; done > loop
      while read -r name; do : > "loop-$name"; done < loop
      rm file
      read -r line <&4 || :
      set -C
      (: > loop) || :
      cat /proc/self/stat /dev/null > /dev/null
      """#)

  static let bash = TracedProgram(
    name: "bash with its own redirections", leastCalls: 250, interpreter: "bash",
    script: #"""
      set -e
      exec {new}> named
      echo text >&$new
      exec {new}>&-
      echo both &> both
      echo more &>> both
      cat <<< word > from-word
      cat <(sort both) > substituted
      exec 3<> both 4>&3- 5< /dev/fd/4
      read -r line <&5
      echo "$line" >&4
      mapfile -t lines < both
      printf '%s\n' "${lines[@]}" > lines
      coproc cat > coproc
      echo in >&"${COPROC[1]}"
      """#)

  static let vectors = TracedProgram(
    name: "python with calls of every kind, failing ones too", leastCalls: 150,
    calls: FileCall.names.filter { $0 != "open" && $0 != "creat" },
    script: #"""
      "$PYTHON" - <<'END'
      import ctypes, errno, os
      def fails(call, *arguments):
          try:
              call(*arguments)
          except OSError as error:
              print(errno.errorcode[error.errno])
      pieces = [b'abc', b'de' * 100]
      space = [bytearray(4), bytearray(900)]
      file = os.open('file', os.O_RDWR | os.O_CREAT | os.O_SYNC, 0o640)
      os.writev(file, pieces)
      os.pwritev(file, pieces, 7)
      os.pwritev(file, pieces, 70, os.RWF_DSYNC)
      os.pwrite(file, b'xyz', 1 << 33)
      os.lseek(file, 0, os.SEEK_SET)
      os.readv(file, space)
      os.preadv(file, space, 3)
      os.preadv(file, space, 3, os.RWF_HIPRI)
      os.pread(file, 100, 1 << 33)
      fails(os.pread, file, 1, -1)
      fails(os.read, 4000, 1)
      fails(os.close, -1)
      reader = os.open('file', os.O_RDONLY)
      fails(os.write, reader, b'x')
      fails(os.writev, reader, pieces)
      directory = os.open('.', os.O_PATH)
      os.write(os.open('beside', os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=directory), b'x')
      fails(os.read, directory, 1)
      fails(os.read, os.open('.', os.O_RDONLY), 1)
      fails(os.open, 'a/../b/./c//', os.O_RDONLY)
      fails(os.open, b'no UTF-8 \xff\n"', os.O_RDONLY)
      fails(os.open, 'n' * 256, os.O_RDONLY)
      fails(os.open, 'file', os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o4755)
      fails(os.open, 'file/below', os.O_RDONLY)
      fails(os.open, '.', os.O_RDWR)
      fails(os.open, '', os.O_RDONLY)
      nameless = os.open('.', os.O_TMPFILE | os.O_RDWR, 0o604)
      os.write(nameless, b'x')
      os.read(os.open('/proc/self/fd/%d' % nameless, os.O_RDONLY), 5)
      memory = os.memfd_create('memory')
      os.write(memory, b'x')
      os.close(memory)
      os.read(os.open('/proc/self/status', os.O_RDONLY), 100)
      os.read(os.open('/dev/zero', os.O_RDONLY), 100)
      fails(os.write, os.open('/dev/full', os.O_WRONLY), b'x')
      os.write(os.open('name (deleted)', os.O_WRONLY | os.O_CREAT), b'x')
      libc = ctypes.CDLL(None)
      class Piece(ctypes.Structure):
          _fields_ = [('start', ctypes.c_char_p), ('size', ctypes.c_size_t)]
      vector = (Piece * 2)((b'ab', 2), (b'c' * 100, 100))
      libc.pwritev(file, vector, 2, ctypes.c_long(1 << 32))
      libc.preadv(file, (Piece * 1)((bytes(50), 50)), 1, ctypes.c_long(1 << 32))
      libc.preadv(reader, ctypes.c_void_p(8), 2, ctypes.c_long(0))
      libc.writev(file, ctypes.c_void_p(8), 2)
      call = libc.syscall
      OPENAT2 = 437
      how = ctypes.c_uint64 * 3
      call(OPENAT2, -100, b'file', how(os.O_RDWR, 0, 0), 24)
      call(OPENAT2, -100, b'two', how(os.O_WRONLY | os.O_CREAT, 0o600, 8), 24)
      call(OPENAT2, -100, b'../above', how(os.O_RDONLY, 0, 8), 24)
      call(OPENAT2, directory, b'nothing', how(os.O_RDONLY, 0, 0), 24)
      END
      """#)

  static let threads = TracedProgram(
    name: "python with threads that share descriptors", leastCalls: 1500,
    script: """
      "$PYTHON" - <<'END'
      import os, threading
      shared = os.open('shared', os.O_RDWR | os.O_CREAT)
      def work(me):
          for turn in range(50):
              name = 'file-%d-%d' % (me, turn % 5)
              with open(name, 'a') as file:
                  file.write('x' * turn)
              with open(name) as file:
                  file.read()
              os.pwrite(shared, b'y' * me, turn)
              os.unlink(name) if turn % 5 == 4 else os.rename(name, name + 'b')
      threads = [threading.Thread(target=work, args=(me,)) for me in range(4)]
      for thread in threads:
          thread.start()
      for thread in threads:
          thread.join()
      END
      """)
}

extension TracedProgram {
  static let renames = TracedProgram(
    name: "a shell whose open files are renamed, replaced and removed", leastCalls: 500,
    script: #"""
      set -e
      mkdir m m/deep
      exec 3> m/one 4> m/two 5> m/deep/three
      echo a >&3
      mv m n
      echo b | tee /proc/self/fd/3 >&4
      mv n/one n/uno
      echo c >&3
      mv n/two two
      echo d >&4
      rm two
      echo e >&4
      cat /proc/self/fd/4
      mv n/deep elsewhere
      echo f >&5
      rm -r n
      echo g >&3
      ln elsewhere/three other
      rm elsewhere/three
      echo h >&5
      exec 3>&- 4>&- 5>&-
      echo old > kept
      exec 3< kept
      sed -i s/old/new/ kept
      cat <&3
      cp other copied
      mv copied kept
      dd if=kept of=other bs=1 count=2 conv=notrunc,fsync
      mkdir gone
      cd gone
      rmdir ../gone
      ! cat nope
      (: > nope) || :
      """#)

  static let signals = TracedProgram(
    name: "programs that are killed in a call", leastCalls: 200, interpreter: "bash",
    script: """
      # Killed before it sleeps there, it might not have begun the call that strace announces.
      end_asleep() {
        until read -r stat < /proc/$1/stat && [[ $stat == *'(cat) S'* ]]; do sleep 0.05; done
        kill -$2 $1
        wait $1
      }
      mkfifo fifo
      for signal in TERM KILL; do
        cat fifo &
        end_asleep $! $signal
      done
      exec 3<> fifo
      for signal in TERM KILL; do
        cat <&3 &
        end_asleep $! $signal
      done
      yes | head -n 1 > head
      (echo before > file; kill -KILL $BASHPID; echo after > file)
      cat file
      """)
}

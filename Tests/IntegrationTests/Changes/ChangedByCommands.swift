// SPDX-License-Identifier: Apache-2.0

/// A command that people run, and the tree it changes.
struct ChangingCommand: CustomStringConvertible, Sendable {
  let description: String
  /// Makes the tree before the command runs, by sh; `..` is a directory beside it.
  let before: String
  let command: String
}

extension ChangingCommand {
  private static func of(_ name: String, before: String = "", _ command: String) -> Self {
    Self(description: name, before: before, command: command)
  }

  private static let files = """
    mkdir -p one/two three; for i in 1 2 3 4 5; do echo "line $i" > one/$i; done
    cp one/1 one/two/x; ln -s ../one three/link; ln one/2 three/hard; chmod 640 one/3
    """

  /// Builds two versions of a package with a configuration file, directories and links.
  private static let packages = """
    for v in 1 2; do
      p=../pkg$v; mkdir -p $p/DEBIAN $p/etc/sample $p/usr/bin $p/usr/share/sample
      echo "set $v" > $p/etc/sample/conf; echo "#!/bin/sh" > $p/usr/bin/sample; chmod 755 $p/usr/bin/sample
      ln -s sample $p/usr/bin/also; for i in 1 2 3 4 5 6; do echo "$v $i" > $p/usr/share/sample/$i-$((i * v)); done
      echo /etc/sample/conf > $p/DEBIAN/conffiles
      printf 'Package: sample\\nVersion: %s\\nArchitecture: all\\nMaintainer: A <a@b.c>\\nDescription: x\\n' $v \
        > $p/DEBIAN/control
      dpkg-deb --root-owner-group -b $p ../$v.deb > /dev/null
    done
    mkdir -p var/lib/dpkg/updates var/lib/dpkg/info; touch var/lib/dpkg/status var/lib/dpkg/available

    """
  private static let dpkg = "dpkg --root=$PWD --force-script-chrootless --log=$PWD/log"

  static let packaging: [Self] = [
    of("dpkg -i", before: packages, "\(dpkg) -i ../1.deb"),
    of(
      "dpkg -i over an older version", before: packages + "\(dpkg) -i ../1.deb",
      "\(dpkg) -i ../2.deb"),
    of("dpkg -r", before: packages + "\(dpkg) -i ../1.deb", "\(dpkg) -r sample"),
    of("dpkg --purge", before: packages + "\(dpkg) -i ../1.deb", "\(dpkg) --purge sample"),
    of(
      "make install",
      before: """
        mkdir ../src; cd ../src; echo 'int main(void) { return 0; }' > p.c
        printf 'p: p.c\\n\\t$(CC) -o p p.c\\ninstall: p\\n\\tinstall -D p $(DESTDIR)/usr/bin/p\\n\\tinstall -m 644 -D p.c $(DESTDIR)/usr/share/p/p.c\\n\\tln -sf p $(DESTDIR)/usr/bin/q\\n' > Makefile
        """,
      "make -C ../src install DESTDIR=$PWD && make -C ../src install DESTDIR=$PWD"),
    of(
      "pip install", before: "python3 -m venv v",
      """
      mkdir -p ../w/m ../w/m-1.dist-info; cd ../w; echo 'x = 1' > m/__init__.py
      printf 'Metadata-Version: 2.1\\nName: m\\nVersion: 1\\n' > m-1.dist-info/METADATA
      printf 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n' > m-1.dist-info/WHEEL
      printf 'm/__init__.py,,\\nm-1.dist-info/METADATA,,\\nm-1.dist-info/WHEEL,,\\nm-1.dist-info/RECORD,,\\n' > m-1.dist-info/RECORD
      python3 -m zipfile -c m-1-py3-none-any.whl m m-1.dist-info
      cd -; v/bin/pip install -q --no-index --disable-pip-version-check ../w/m-1-py3-none-any.whl
      """),
  ]

  private static let repository = """
    git init -q -b main .; git config user.name a; git config user.email a@b.c
    for i in 1 2 3; do echo $i > f$i; git add .; git commit -qm $i; done
    git checkout -qb side HEAD~1; mkdir d; echo s > d/s; git add .; git commit -qm s; git checkout -q main

    """

  static let versions: [Self] = [
    of(
      "git clone", before: "mkdir ../r; cd ../r; " + repository,
      "git clone -q --no-hardlinks ../r r"),
    of("git gc", before: repository, "git gc -q --prune=now"),
    of("git rebase", before: repository, "git rebase -q main side"),
    of("git merge", before: repository, "git merge -qm m side"),
    of("git stash", before: repository, "echo x >> f1; git stash -q; git stash pop -q"),
  ]

  static let archives: [Self] = [
    of("tar -x", before: "\(files); tar -cf ../t.tar .; rm -r one", "tar -xf ../t.tar"),
    of(
      "unzip over what is there", before: "\(files); zip -qr ../t.zip .; rm one/1",
      "unzip -qo ../t.zip"),
    of(
      "rsync", before: "\(files); cp -a . ../other; rm ../other/one/1; echo x >> ../other/one/2",
      "rsync -a --delete ../other/ ."),
    of(
      "rsync --inplace", before: "\(files); cp -a . ../other; echo x >> ../other/one/2",
      "rsync -a --inplace ../other/ ."),
    of("cp -a", before: files, "cp -a one four"),
    of("mv and rm", before: files, "mv one four; mv four/1 .; rm -r three; rm four/2"),
    of("gzip and gunzip", before: files, "gzip one/1 one/4; gunzip one/4"),
    of(
      "chmod, chown, touch, setfattr", before: files,
      "chmod -R g+w one; chown 1 three; touch one/5; python3 -c \"import os; os.setxattr('one/4', 'user.a', b'b')\""
    ),
    of(
      "truncate, fallocate, dd", before: files,
      "truncate -s 3 one/1; fallocate -l 9000 one/2; dd if=/dev/zero of=one/4 bs=10 count=2 conv=notrunc status=none"
    ),
    of("ln -sf", before: files, "ln -sf one/1 three/link; ln -f one/5 three/hard; ln -s a b"),
  ]

  static let editors: [Self] = [
    of("sed -i", before: files, "sed -i s/line/LINE/ one/1 one/3"),
    of("perl -i.bak", before: files, "perl -i.bak -pe s/line/x/ one/1"),
    of("ed", before: files, "printf 'a\\nnew\\n.\\nw\\nq\\n' | ed -s one/1"),
    of("vim -es", before: files, "vim -u NONE -es -c 's/line/x/' -c wq one/1"),
    of(
      "vim, driven by keys", before: files,
      "printf 'ihello\\033:set backup\\r:w\\r:q\\r' > ../keys; HOME=$PWD/three script -qec 'vim -u NONE -s ../keys one/4' /dev/null > /dev/null < /dev/null"
    ),
    of(
      "patch",
      before:
        "\(files); printf -- '--- one/1\\n+++ one/1\\n@@ -1 +1 @@\\n-line 1\\n+line one\\n' > ../p",
      "patch -s -p0 -b < ../p"),
    of("sort -o", before: files, "sort -r -o one/1 one/1 one/2"),
  ]

  static let services: [Self] = [
    of(
      "logrotate",
      before:
        "for i in 1 2; do echo $i > log; cp log log.$i; done; printf \"$PWD/log {\\n rotate 3\\n create\\n compress\\n delaycompress\\n}\\n\" > ../conf",
      "logrotate -f -s ../state ../conf"),
    of(
      "sqlite3", before: "sqlite3 d 'create table t(a)'",
      "sqlite3 d \"insert into t values (1); begin; update t set a = 2; commit; vacuum\""),
    of(
      "sqlite3 with a log", before: "sqlite3 d 'create table t(a)'",
      "sqlite3 d 'pragma journal_mode=wal; insert into t values (1)' > /dev/null"),
    of(
      "initdb of PostgreSQL, which refuses to run as root",
      before: "chown 65534 .; chmod 711 ..",
      "PATH=$(echo /usr/lib/postgresql/*/bin):$PATH; setpriv --reuid 65534 --clear-groups initdb -N -U me --locale=C -D $PWD/data > /dev/null"
    ),
    of(
      "a compiler with temporary files",
      before: "mkdir tmp; echo 'int main(void) { return 0; }' > m.c",
      "TMPDIR=$PWD/tmp gcc -g -o m m.c; TMPDIR=$PWD/tmp gcc -c m.c"),
    of(
      "a chroot", before: "mkdir -p bin etc; cp \"$(command -v busybox)\" bin",
      "chroot . /bin/busybox sh -c 'echo x > /etc/new; busybox mv /etc/new /etc/conf'"),
    of(
      "a process that outlives its parent", before: files,
      "(setsid sh -c 'echo x >> one/1; mv one/2 one/9' &) ; while [ ! -e one/9 ]; do :; done"),
  ]

  static let all = packaging + versions + archives + editors + services
}

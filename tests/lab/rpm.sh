# Makes a Debian host one of rpm: packages of its own, built here, in a database where RHEL and SUSE have it, and nothing of dpkg.
set -eu
export HOME=/root
mkdir -p /etc/rpm
printf '%%_dbpath /var/lib/rpm\n' >/etc/rpm/macros
cat >/root/.rpmmacros <<'END'
%__gpg /usr/bin/gpg
%_gpg_name Lab
%_rpmdir /srv/rpms
%_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.rpm
END
work=/srv/work
mkdir -p $work /srv/rpms /srv/repo
cat >$work/lab.spec <<'END'
%global debug_package %{nil}
%global __os_install_post %{nil}
Name: lab
Version: 1.0
Release: 1.el9
Summary: What a host of the lab is made of
License: MIT
AutoReqProv: no
%description
%{summary}
%package -n filesystem
Summary: %{summary}
AutoReqProv: no
%description -n filesystem
%{summary}
%package -n openssh-server
Summary: %{summary}
AutoReqProv: no
Version: 8.7p1
Release: 38.el9_4.4
%description -n openssh-server
%{summary}
%package -n procps-ng
Summary: %{summary}
AutoReqProv: no
Version: 3.3.17
%description -n procps-ng
%{summary}
%package -n chrony
Summary: %{summary}
AutoReqProv: no
Version: 4.5
%description -n chrony
%{summary}
%package -n firewalld
Summary: %{summary}
AutoReqProv: no
Version: 1.3.4
%description -n firewalld
%{summary}
%install
for file in sbin/sshd bin/ps bin/free; do install -D /usr/$file %{buildroot}/usr/$file; done
mkdir -p %{buildroot}/opt/lab
%files -n filesystem
/opt/lab
%files -n openssh-server
/usr/sbin/sshd
%files -n procps-ng
/usr/bin/ps
/usr/bin/free
%files -n chrony
%files -n firewalld
END
cat >$work/hello.spec <<'END'
Name: hello
Epoch: 1
Version: %{v}
Release: 1.el9
Summary: A package with an epoch, a setting and updates
License: MIT
AutoReqProv: no
BuildArch: noarch
%description
%{summary}
%package -n libfoo
Summary: %{summary}
AutoReqProv: no
%description -n libfoo
%{summary}
%package -n kernel-core
Summary: %{summary}
AutoReqProv: no
Epoch: 0
Version: 5.14.0
Release: %{k}.el9_4
%description -n kernel-core
%{summary}
%install
mkdir -p %{buildroot}/etc %{buildroot}/lib/modules/5.14.0-%{k}.el9_4.x86_64/kernel
echo 'greeting = hello' >%{buildroot}/etc/hello.conf
%files
%config /etc/hello.conf
%files -n libfoo
%files -n kernel-core
/lib/modules/5.14.0-%{k}.el9_4.x86_64
END
rpmbuild --quiet -bb $work/lab.spec
rpmbuild --quiet -bb --define 'v 1.0' --define 'k 427.13.1' $work/hello.spec
rpmbuild --quiet -bb --define 'v 1.1' --define 'k 427.16.1' $work/hello.spec
mv /srv/rpms/hello-1.1-* /srv/rpms/libfoo-1.1-* /srv/repo/
gpg --quiet --batch --passphrase '' --quick-gen-key 'Lab <lab@example.org>' rsa2048 sign never
gpg --armor --export Lab >/srv/lab.asc
rpmsign --addsign /srv/rpms/hello-1.0-*.rpm /srv/repo/hello-1.1-*.rpm >/dev/null
rpm --import /srv/lab.asc
rpm --install --force --nodeps --force-debian /srv/rpms/*.rpm
cat >$work/updateinfo.xml <<'END'
<updates><update from="lab" status="final" type="security" version="1"><id>LAB-1</id><title>A greeting too many</title>
<issued date="2026-01-01 00:00:00"/><severity>Important</severity><pkglist><collection><name>lab</name>
<package name="hello" version="1.1" release="1.el9" epoch="1" arch="noarch" src="hello-1.1-1.el9.src.rpm">
<filename>hello-1.1-1.el9.rpm</filename></package></collection></pkglist></update></updates>
END
createrepo_c --quiet /srv/repo
modifyrepo_c --mdtype updateinfo $work/updateinfo.xml /srv/repo/repodata >/dev/null
mkdir -p /etc/yum.repos.d /etc/zypp/repos.d
cat >/etc/yum.repos.d/lab.repo <<'END'
[lab]
name=The lab's packages
baseurl=file:///srv/repo
enabled=1
gpgcheck=1
gpgkey=file:///srv/lab.asc
END
cat >/etc/zypp/repos.d/lab.repo <<'END'
[lab]
name=The lab's packages
baseurl=file:///srv/repo
enabled=1
gpgcheck=0
END
mkdir -p /srv/kept
mv /usr/bin/zypper /usr/bin/dnf* /etc/zypp /srv/kept/
rm -rf /var/lib/dpkg /etc/apt /etc/debian_version /usr/bin/apt* /usr/bin/dpkg* /etc/os-release
cat >/etc/os-release <<'END'
NAME="Rocky Linux"
ID="rocky"
ID_LIKE="rhel centos fedora"
VERSION_ID="9.6"
PRETTY_NAME="Rocky Linux 9.6 (Blue Onyx)"
END
firewall-cmd --state >/dev/null 2>&1

# Sends packets through the packet filter of this network namespace, and says of each whether it got through.
#
# Arguments: FIRST FIRST-PEER, and for each packet: DEVICE PEER DIRECTION PROTOCOL SOURCE DESTINATION SOURCE-PORT DESTINATION-PORT KEEPS HELD LIKE.
# DEVICE is an Ethernet device here, PEER the other end of its cable. DIRECTION is in (from the cable to this host), out (from
# this host to the cable) or forward (from the cable, through this host, to the cable). PROTOCOL is a number. KEEPS is 1 where
# the source has to stay. HELD is an address that this host has meanwhile, or empty; where LIKE is given, and a packet with LIKE
# in place of HELD does not pass by FIRST, an Ethernet device with the other end of its cable, the packet counts as passed. Prints "pass", "drop" or "from" with another source for each
# packet, in order, until one does not pass. Needs no module that Debian's perl-base lacks.
use strict;
use Socket;

my ($seconds, $packets) = (0.3, 0);
# linux/if_packet.h, linux/if_ether.h, asm-generic/socket.h, linux/in.h, linux/sockios.h,
# linux/netlink.h, linux/rtnetlink.h, linux/if_addr.h
my ($AF_PACKET, $ETH_P_ALL, $ETH_P_IP, $SO_BINDTODEVICE, $IP_ADD_MEMBERSHIP, $IP_HDRINCL) = (17, 3, 0x0800, 25, 35, 3);
my ($SIOCGIFHWADDR, $SIOCGIFINDEX) = (0x8927, 0x8933);
my ($AF_NETLINK, $RTM_NEWADDR, $RTM_DELADDR, $NLM_F_REQUEST, $IFA_LOCAL) = (16, 20, 21, 1, 2);

# Belongs to the groups, so that the host takes what is sent to them.
socket(my $member, AF_INET, SOCK_DGRAM, 0) or die "socket: $!\n";

# The number of a device and its hardware address.
sub link_of {
  my ($device) = @_;
  my @found = map {
    my $request = pack('a16 x24', $device);
    ioctl $member, $_, $request or die "no device $device: $!\n";
    $request;
  } $SIOCGIFINDEX, $SIOCGIFHWADDR;
  return (unpack('x16 i', $found[0]), unpack('x18 a6', $found[1]));
}

# Gives this host an address, or takes it away, as ip would; the kernel has done it when this returns.
socket(my $routing, $AF_NETLINK, SOCK_RAW, 0) or die "AF_NETLINK: $!\n";
sub address {
  my ($request, $address, $device) = @_;
  my $body = pack('C4 I S S a4', AF_INET, 32, 0, 0, (link_of($device))[0], 8, $IFA_LOCAL, inet_aton($address));
  send $routing, pack('L S S L L', 16 + length $body, $request, $NLM_F_REQUEST, 0, 0) . $body, 0;
}

sub checksum {
  my ($data) = @_;
  my $sum = 0;
  $sum += $_ for unpack('n*', length($data) % 2 ? "$data\0" : $data);
  $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16;
  return ~$sum & 0xffff;
}

# A packet as a rule set sees it. What it carries means nothing to anybody: VRRP has no version 0.
sub packet {
  my ($protocol, $from, $to, $sport, $dport, $mark) = @_;
  my ($source, $destination) = (inet_aton($from), inet_aton($to));
  my $body = pack('N', $mark);
  if ($protocol == 17) {
    $body = pack('nnnn', $sport, $dport, 12, 0) . $body;
  } elsif ($protocol == 6) {
    # A first segment (SYN) where it goes to a service, else an answer to one (SYN, ACK).
    $body = pack('nnNNCCnnn', $sport, $dport, $mark, $sport < $dport ? 1 : 0, 0x50, $sport < $dport ? 0x12 : 2, 65535, 0, 0);
    substr($body, 16, 2) = pack('n', checksum($source . $destination . pack('nn', 6, length $body) . $body));
  }
  my $header = pack('CCnnnCCn', 0x45, 0, 20 + length $body, $mark & 0xffff, 0, 255, $protocol, 0) . $source . $destination;
  substr($header, 10, 2) = pack('n', checksum($header));
  return $header . $body;
}

sub frame_to {
  my ($to, $packet, $device_mac, $peer_mac) = @_;
  my @octets = split /\./, $to;
  my $mac = $octets[0] < 224 ? $device_mac : pack('C6', 1, 0, 0x5e, $octets[1] & 127, @octets[2, 3]);
  return $mac . $peer_mac . pack('n', $ETH_P_IP) . $packet;
}

# By the other end of a cable; opened before the first packet that may come out of it.
my %cables;
sub cable_of {
  my ($peer, $index) = @_;
  return $cables{$peer} if $cables{$peer};
  socket(my $cable, $AF_PACKET, SOCK_RAW, unpack('S', pack('n', $ETH_P_ALL))) or die "AF_PACKET: $!\n";
  bind($cable, pack('S n i S C C a8', $AF_PACKET, $ETH_P_ALL, $index, 0, 0, 0, '')) or die "bind: $!\n";
  return $cables{$peer} = $cable;
}

sub came_through {
  my ($socket, $tells) = @_;
  my $end = time + 1;
  for (my $left = $seconds; $left > 0; ) {
    my $readable = '';
    vec($readable, fileno $socket, 1) = 1;
    (my $found, $left) = select $readable, undef, undef, $left;
    return 0 unless $found > 0 && time <= $end;
    recv $socket, my $got, 65535, 0;
    return 1 if $tells->($got);
  }
  return 0;
}

# Returns whether a packet got through, and the source that it had then, which may be translated.
sub try_one {
  my ($device, $peer, $direction, $protocol, $from, $to, $sport, $dport) = @_;
  my ($device_index, $device_mac) = link_of($device);
  my ($peer_index, $peer_mac) = link_of($peer);
  my $cable = cable_of($peer, $peer_index);
  my $mark = 0x6b700000 + ++$packets;
  my $packet = packet($protocol, $from, $to, $sport, $dport, $mark);
  my $source;
  my $is_ours = sub {
    return 0 unless substr($_[0], 4, 2) eq pack('n', $mark & 0xffff) && substr($_[0], 16, 4) eq inet_aton($to);
    $source = inet_ntoa(substr $_[0], 12, 4);
    return 1;
  };
  # On the cable, only what the host has sent counts.
  my $left_host = sub { substr($_[0], 6, 6) eq $device_mac && $is_ours->(substr $_[0], 14) };
  if ($to =~ /^2(2[4-9]|3)/) {
    setsockopt $member, 0, $IP_ADD_MEMBERSHIP, inet_aton($to) . inet_aton('0.0.0.0') . pack('i', $device_index);
  }
  my $passed;
  if ($direction eq 'out') {
    socket(my $sender, AF_INET, SOCK_RAW, 255) or die "raw socket: $!\n";
    setsockopt $sender, 0, $IP_HDRINCL, 1;
    setsockopt $sender, SOL_SOCKET, $SO_BINDTODEVICE, "$device\0";
    # A rule set that refuses says so at once.
    $passed = defined send($sender, $packet, 0, sockaddr_in(0, inet_aton($to))) && came_through($cable, $left_host);
  } else {
    # A raw socket gets what the rule set has let in.
    socket(my $raw, AF_INET, SOCK_RAW, $protocol) or die "raw socket: $!\n";
    send $cable, frame_to($direction eq 'forward' ? '0.0.0.0' : $to, $packet, $device_mac, $peer_mac), 0,
      pack('S n i S C C a8', $AF_PACKET, $ETH_P_IP, $peer_index, 0, 0, 6, $device_mac);
    $passed = $direction eq 'forward' ? came_through($cable, $left_host) : came_through($raw, $is_ours);
  }
  return ($passed, $source);
}

my ($first, $first_peer) = splice @ARGV, 0, 2;
while (my ($device, $peer, $direction, $protocol, $from, $to, $sport, $dport, $keeps, $held, $like) = splice @ARGV, 0, 11) {
  my @like = map { $_ eq $held ? $like : $_ } $from, $to;
  if ($like && !(try_one($first, $first_peer, $direction, $protocol, @like, $sport, $dport))[0]) {
    print "pass\n";
    next;
  }
  address($RTM_NEWADDR, $held, $device) if $held;
  my ($passed, $source) = try_one($device, $peer, $direction, $protocol, $from, $to, $sport, $dport);
  address($RTM_DELADDR, $held, $device) if $held;
  my $as_wanted = $passed && !($keeps && $source ne $from);
  print $as_wanted ? "pass\n" : $passed ? "from $source\n" : "drop\n";
  last unless $as_wanted;
}

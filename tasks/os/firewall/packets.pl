# Sends packets through the packet filter of this network namespace, and says of each whether it got through.
#
# Arguments: QUEUES FIRST FIRST-PEER, and for each packet: DEVICE PEER DIRECTION PROTOCOL SOURCE DESTINATION SOURCE-PORT
# DESTINATION-PORT FLAGS HELD LIKE.
# QUEUES are numbers of NFQUEUE, with spaces between them: the programs that listen there are taken to let everything pass.
# DEVICE is an Ethernet device here, PEER the other end of its cable. DIRECTION is in (from the cable to this host), out (from
# this host to the cable) or forward (from the cable, through this host, to the cable). PROTOCOL is a number, or arp: this host
# has to answer who asks for DESTINATION. Addresses are of IPv4, or for a protocol without ports of IPv6. FLAGS are letters: a for an answer to a client, s where the source has to stay, e where
# the destination may be translated. HELD is an address that this host has meanwhile, or empty; where LIKE is given, and a packet
# with LIKE in place of HELD does not pass by FIRST, an Ethernet device with the other end of its cable, the packet counts as
# passed.
#
# Prints a line for each packet, in order, until one does not pass: "pass", "pass queue NUMBER", "pass elsewhere" where it has gone
# to another host, as it may; "drop", "from" with another source, "to" with another destination, or "elsewhere".
# Needs no module that Debian's perl-base lacks.
use strict;
use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6);

our $seconds = 0.3;
my $packets = 0;
# linux/if_packet.h, linux/if_ether.h, asm-generic/socket.h, linux/in.h, linux/sockios.h,
# linux/netlink.h, linux/rtnetlink.h, linux/if_addr.h, linux/netfilter/nfnetlink_queue.h
my ($AF_PACKET, $ETH_P_ALL, $ETH_P_IP, $ETH_P_ARP, $ETH_P_IPV6) = (17, 3, 0x0800, 0x0806, 0x86dd);
my ($SO_BINDTODEVICE, $IP_ADD_MEMBERSHIP, $IP_HDRINCL) = (25, 35, 3);
my ($IPPROTO_IPV6, $IPV6_JOIN_GROUP) = (41, 20);
my ($SIOCGIFHWADDR, $SIOCGIFINDEX) = (0x8927, 0x8933);
my ($AF_NETLINK, $RTM_NEWADDR, $RTM_DELADDR, $NLM_F_REQUEST, $IFA_LOCAL) = (16, 20, 21, 1, 2);
my ($NETLINK_NETFILTER, $QUEUE_PACKET, $QUEUE_VERDICT, $QUEUE_CONFIG) = (12, 0x300, 0x301, 0x302);

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

# Listens to queues, in place of the programs that do so on the host.
my ($queues, %queued);
sub tell_queue {
  my ($type, $queue, $attribute, $value) = @_;
  my $body = pack('C C n S S a*', 0, 0, $queue, 4 + length $value, $attribute, $value);
  $body .= "\0" x (-length($body) % 4);
  send $queues, pack('L S S L L', 16 + length $body, $type, $NLM_F_REQUEST, 0, 0) . $body, 0;
}
sub listen_to {
  socket($queues, $AF_NETLINK, SOCK_RAW, $NETLINK_NETFILTER) or die "NETLINK_NETFILTER: $!\n" if @_;
  for my $queue (@_) {
    tell_queue($QUEUE_CONFIG, $queue, 1, pack('C C n', 1, 0, 0));
    # Without contents.
    tell_queue($QUEUE_CONFIG, $queue, 2, pack('N C', 0, 1));
  }
}
sub let_pass {
  recv $queues, my $got, 65535, 0;
  my ($type, $queue, $packet) = unpack('x4 S x12 n x4 N', $got);
  return unless $type == $QUEUE_PACKET;
  $queued{$queue} = 1;
  tell_queue($QUEUE_VERDICT, $queue, 2, pack('N N', 1, $packet));
}

# With the checksum that stands at a place of the segment.
sub segment {
  my ($ends, $protocol, $segment, $place) = @_;
  substr($segment, $place, 2) = pack('n', checksum($ends . pack('nn', $protocol, length $segment) . $segment));
  return $segment;
}

# A packet as the rules see a usual one: Linux sends such first segments, and by UDP this is a question of DNS. What another
# protocol carries means nothing to anybody: VRRP has no version 0.
sub packet {
  my ($protocol, $from, $to, $sport, $dport, $is_answer, $mark, $ttl) = @_;
  my $ends = inet_aton($from) . inet_aton($to);
  my $body = pack('N x32', $mark);
  if ($protocol == 17) {
    my $question = pack('n6', $mark & 0xffff, 0x0100, 1, 0, 0, 0) . "\7example\3com\0" . pack('nn', 1, 1);
    $body = segment($ends, 17, pack('nnnn', $sport, $dport, 8 + length $question, 0) . $question, 6);
  } elsif ($protocol == 6) {
    # SYN, or SYN and ACK; its options are MSS, SACK, timestamps and the scale of the window.
    my $options = pack('CCn CC CCNN C CCC', 2, 4, 1460, 4, 2, 8, 10, $mark, $is_answer, 1, 3, 3, 7);
    my $bits = $is_answer ? 0x12 : 2;
    $body = segment($ends, 6, pack('nnNNCCnnn', $sport, $dport, $mark, $is_answer, 0xa0, $bits, 64240, 0, 0) . $options, 16);
  }
  my $whole = $protocol == 6 ? 0x4000 : 0;
  my $header = pack('CCnnnCCn', 0x45, 0, 20 + length $body, $mark & 0xffff, $whole, $ttl, $protocol, 0) . $ends;
  substr($header, 10, 2) = pack('n', checksum($header));
  return $header . $body;
}

# The same of IPv6.
sub packet6 {
  my ($protocol, $from, $to, $mark) = @_;
  my $body = pack('N x32', $mark);
  return pack('N n C C', 0x60000000, length $body, $protocol, 255) . inet_pton(AF_INET6, $from) . inet_pton(AF_INET6, $to) . $body;
}

sub frame_to {
  my ($to, $packet, $device_mac, $peer_mac) = @_;
  if ($to =~ /:/) {
    # RFC 2464, 7.
    my $address = inet_pton(AF_INET6, $to);
    my $mac = $to =~ /^ff/ ? pack('C2', 0x33, 0x33) . substr($address, 12) : $device_mac;
    return $mac . $peer_mac . pack('n', $ETH_P_IPV6) . $packet;
  }
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
    vec($readable, fileno $_, 1) = 1 for $socket, $queues // ();
    (my $found, $left) = select $readable, undef, undef, $left;
    return 0 unless $found > 0 && time <= $end;
    let_pass() if $queues && vec($readable, fileno $queues, 1);
    next unless vec($readable, fileno $socket, 1);
    recv $socket, my $got, 65535, 0;
    return 1 if $tells->($got);
  }
  return 0;
}

# Returns whether this host answers a neighbour who asks for one of its addresses.
sub is_answered {
  my ($cable, $cable_index, $peer_mac, $from, $to) = @_;
  my $ask = pack('nnCCn', 1, $ETH_P_IP, 6, 4, 1) . $peer_mac . inet_aton($from) . "\0" x 6 . inet_aton($to);
  my ($all, $is_answer) = ("\xff" x 6, 2);
  send $cable, $all . $peer_mac . pack('n', $ETH_P_ARP) . $ask, 0,
    pack('S n i S C C a8', $AF_PACKET, $ETH_P_ARP, $cable_index, 0, 0, 6, $all);
  return came_through($cable, sub {
    my ($type, $operation, $answering) = unpack('x12 n x6 n x6 a4', $_[0]);
    return $type == $ETH_P_ARP && $operation == $is_answer && $answering eq inet_aton($to);
  });
}

# How many packets for others this host has refused since they had come far enough, which is before its rules see those that it
# sends on.
sub too_far {
  open(my $counters, '<', '/proc/net/snmp') or die "/proc/net/snmp: $!\n";
  my ($names, $values) = grep { /^Ip:/ } <$counters>;
  my %of;
  @of{split ' ', $names} = split ' ', $values;
  return $of{InHdrErrors};
}

# Returns whether a packet of IPv6 got through, which keeps its ends.
sub try_one6 {
  my ($device, $peer, $direction, $protocol, $from, $to) = @_;
  my ($device_index, $device_mac) = link_of($device);
  my ($peer_index, $peer_mac) = link_of($peer);
  my $cable = cable_of($peer, $peer_index);
  my $mark = 0x6b700000 + ++$packets;
  my $packet = packet6($protocol, $from, $to, $mark);
  my $marked = pack 'N', $mark;
  if ($direction eq 'out') {
    # Protocol 255 is for whole packets.
    socket(my $sender, AF_INET6, SOCK_RAW, 255) or die "raw socket: $!\n";
    setsockopt $sender, SOL_SOCKET, $SO_BINDTODEVICE, "$device\0";
    my $address = pack_sockaddr_in6(0, inet_pton(AF_INET6, $to), $device_index);
    my $left_host = sub { substr($_[0], 6, 8) eq $device_mac . pack('n', $ETH_P_IPV6) && substr($_[0], 54, 4) eq $marked };
    return (defined send($sender, $packet, 0, $address) && came_through($cable, $left_host), $from, $to);
  }
  socket(my $raw, AF_INET6, SOCK_RAW, $protocol) or die "raw socket: $!\n";
  setsockopt $raw, $IPPROTO_IPV6, $IPV6_JOIN_GROUP, inet_pton(AF_INET6, $to) . pack('i', $device_index) if $to =~ /^ff/;
  send $cable, frame_to($to, $packet, $device_mac, $peer_mac), 0,
    pack('S n i S C C a8', $AF_PACKET, $ETH_P_IPV6, $peer_index, 0, 0, 6, $device_mac);
  # Without its header.
  return (came_through($raw, sub { substr($_[0], 0, 4) eq $marked }), $from, $to);
}

# Returns whether a packet got through, its source and its destination then, and whether it was for another host when it had been
# translated.
sub try_one {
  return try_one6(@_) if $_[4] =~ /:/;
  my ($device, $peer, $direction, $protocol, $from, $to, $sport, $dport, $flags) = @_;
  my ($device_index, $device_mac) = link_of($device);
  my ($peer_index, $peer_mac) = link_of($peer);
  my $cable = cable_of($peer, $peer_index);
  return (is_answered($cable, $peer_index, $peer_mac, $from, $to), $from, $to) if $protocol eq 'arp';
  my $mark = 0x6b700000 + ++$packets;
  # Others than clients make sure that nobody sends from further away: VRRP, and BFD (RFC 5881).
  my $ttl = $protocol == 6 || ($protocol == 17 && $dport != 3784) ? 64 : 255;
  my $with = sub { packet($protocol, $from, $to, $sport, $dport, $flags =~ /a/ ? 1 : 0, $mark, @_) };
  my ($source, $destination);
  my $is_ours = sub {
    return 0 unless substr($_[0], 4, 2) eq pack('n', $mark & 0xffff) && substr($_[0], 9, 1) eq chr $protocol;
    my $port = $dport && unpack('x22 n', $_[0]);
    ($source, $destination) = map { inet_ntoa(substr $_[0], $_, 4) } 12, 16;
    $destination .= ":$port" if $port != $dport;
    return 1;
  };
  # On the cable, only what the host has sent counts.
  my $left_host = sub { substr($_[0], 6, 8) eq $device_mac . pack('n', $ETH_P_IP) && $is_ours->(substr $_[0], 14) };
  if ($to =~ /^2(2[4-9]|3)/) {
    setsockopt $member, 0, $IP_ADD_MEMBERSHIP, inet_aton($to) . inet_aton('0.0.0.0') . pack('i', $device_index);
  }
  if ($direction eq 'out') {
    socket(my $sender, AF_INET, SOCK_RAW, 255) or die "raw socket: $!\n";
    setsockopt $sender, 0, $IP_HDRINCL, 1;
    setsockopt $sender, SOL_SOCKET, $SO_BINDTODEVICE, "$device\0";
    # A rule set that refuses says so at once.
    my $passed = defined send($sender, $with->($ttl), 0, sockaddr_in(0, inet_aton($to))) && came_through($cable, $left_host);
    return ($passed, $source, $destination, 0);
  }
  # A raw socket gets what the rule set has let in.
  socket(my $raw, AF_INET, SOCK_RAW, $protocol) or die "raw socket: $!\n";
  my $come = sub {
    send $cable, frame_to($direction eq 'forward' ? '0.0.0.0' : $to, $with->(@_), $device_mac, $peer_mac), 0,
      pack('S n i S C C a8', $AF_PACKET, $ETH_P_IP, $peer_index, 0, 0, 6, $device_mac);
  };
  $come->($ttl);
  return (came_through($cable, $left_host), $source, $destination, 0) if $direction eq 'forward';
  return (1, $source, $destination, 0) if came_through($raw, $is_ours);
  my $before = too_far();
  $come->(1);
  local $seconds = 0.05;
  came_through($raw, $is_ours);
  return (0, $source, $destination, too_far() > $before);
}

listen_to(split ' ', shift @ARGV);
my ($first, $first_peer) = splice @ARGV, 0, 2;
while (my ($device, $peer, $direction, $protocol, $from, $to, $sport, $dport, $flags, $held, $like) = splice @ARGV, 0, 11) {
  my @like = map { $_ eq $held ? $like : $_ } $from, $to;
  if ($like) {
    my ($passed, undef, undef, $elsewhere) = try_one($first, $first_peer, $direction, $protocol, @like, $sport, $dport, $flags);
    if (!$passed && !$elsewhere) {
      print "pass\n";
      next;
    }
  }
  %queued = ();
  address($RTM_NEWADDR, $held, $device) if $held;
  my @packet = ($from, $to, $sport, $dport, $flags);
  my ($passed, $source, $destination, $elsewhere) = try_one($device, $peer, $direction, $protocol, @packet);
  address($RTM_DELADDR, $held, $device) if $held;
  my $result =
      !$passed ? ($elsewhere ? 'elsewhere' : 'drop')
    : $flags =~ /s/ && $source ne $from ? "from $source"
    : $flags !~ /e/ && $destination ne $to ? "to $destination"
    : %queued ? 'pass queue ' . join(',', sort keys %queued)
    :           'pass';
  $result = 'pass elsewhere' if $result eq 'elsewhere' && $flags =~ /e/;
  print "$result\n";
  last unless $result =~ /^pass/;
}

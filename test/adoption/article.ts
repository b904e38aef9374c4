// What the article's steps leave on a host, as it prints them.

const instance = `global_defs {
    enable_script_security
}

vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 5
    priority 100
    advert_int 1
    nopreempt
    notify /etc/keepalived/keepalived-notify.sh root
    authentication {
        auth_type PASS
        auth_pass KPSjXfRG
    }
    virtual_ipaddress {
        10.2.1.5
    }
}
`

const virtualServer = (protocol: string, check: (address: string) => string, reals: readonly string[]) => `
virtual_server 10.2.1.5 53 {
    protocol ${protocol}
    delay_loop 10
    lvs_sched rr
    lvs_method NAT
${reals.map((real, i) => `\n    real_server ${real} 53 {\n${check(`10.2.1.${i + 2}`)}\n    }\n`).join('')}}
`

const virtualServers = (reals: readonly string[], connect: (address: string) => string) =>
  virtualServer(
    'UDP',
    (address) =>
      `        DNS_CHECK {\n${connect(address)}            type txt\n            name health.load.balance.\n        }`,
    reals,
  ) +
  virtualServer(
    'TCP',
    (address) => `        TCP_CHECK {\n${connect(address)}            connect_timeout 3\n        }`,
    reals,
  )

/** keepalived.conf of levels 2 and 3. */
export const conf2: string = instance + virtualServers(['10.2.1.2', '10.2.1.3'], () => '')
export const conf3: string =
  instance + virtualServers(['10.2.1.6', '10.2.1.7'], (address) => `            connect_ip ${address}\n`)

export const snatRule = '-A POSTROUTING -d 10.2.1.0/24 -j SNAT --to-source 10.2.1.5'

export const zoneFile = `$ORIGIN load.balance.
$TTL 1h
load.balance. 86400 IN SOA ns.mydomain.ru. dnsmaster.mydoamin.ru. (
     1603065098 3600 1800 604800 30
)
load.balance. IN NS ns.mydomain.ru.
health IN TXT =nameserver-1=
`

export const override = `[Service]
ExecStartPre=/etc/keepalived/routes.sh
`

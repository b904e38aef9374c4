/** Packages and places of bind, by family. */
export const bind = {
  debian: {
    packages: ['bind9', 'bind9-dnsutils'],
    // AppArmor lets named read zones here, and not below the /var/named of the article.
    folder: '/etc/bind',
    localConf: '/etc/bind/named.conf.local',
  },
}

// A cluster that was made by hand by the article's steps on Enterprise Linux, with the iptables service in place of firewalld.
import { adoptionTests } from './adoption.ts'
import { enterprise } from './by-hand.ts'
import { reset } from './cluster.ts'
import { test } from './suite.ts'

adoptionTests(enterprise, reset)

test.run()

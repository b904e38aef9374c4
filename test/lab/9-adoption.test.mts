// A cluster that was made by hand on Debian, by the article's steps.
import { adoptionTests } from './adoption.ts'
import { debian } from './by-hand.ts'
import { resetWithPackages } from './cluster.ts'
import { test } from './suite.ts'

adoptionTests(debian, resetWithPackages)

test.run()

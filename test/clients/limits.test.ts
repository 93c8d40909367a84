import { describeCases } from './cases.ts';

describeCases('limits', 'limits.py');

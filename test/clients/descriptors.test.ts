import { describeCases } from './cases.ts';

describeCases('descriptors', 'descriptors.py');

"""What engines share: images, the models store, pools. No Flask, no database."""
